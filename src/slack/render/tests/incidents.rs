//! The messages of an incident, as its tracker draws them.

use proptest::prelude::*;

use super::cases::{few, flood, known};
use super::hostile::{a_digest, a_style};
use super::oracle::{
    MENTION, assert_blocks_dead, assert_shown_is_true, assert_text_dead, assert_within_limits,
};
use super::*;
use crate::incident::{Decision, Kind, Moment, Policy};
use crate::incidents::{Incidents, Tracked};
use crate::slack::render::Form;

const MINUTE_MS: i64 = 60_000;

/// An incident that was opened with these lines, and what came a minute later.
fn gone_on(first: &Section, then: &Section) -> Tracked {
    let mut all = Incidents::new(Policy::default());
    let (policy, tracked) = all.of(first, AT).expect("there is room");
    tracked.take(first, Vec::new(), 7, 20, AT, policy);
    tracked.notified(Kind::Opening, AT, policy);
    tracked.take(then, Vec::new(), 8, 20, AT + MINUTE_MS, policy);
    tracked.clone()
}

fn rendered(tracked: &Tracked, kind: Kind, style: &Style) -> Rendered {
    let style = MessageStyle::from(style.clone());
    let draw = |form| tracked.draw(form, kind, &style, AT + 65_000);
    let ((message, shown), plain) = (draw(Form::Blocks), draw(Form::Text));
    Rendered { message, shown, id: String::new(), plain: Some(plain) }
}

macro_rules! assert_reads {
    ($rendered:expr) => {
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(report(&$rendered))
        })
    };
}

#[test]
fn a_follow_up_says_since_when_how_many_and_what_is_added() {
    assert_reads!(rendered(&gone_on(&flood(), &few()), Kind::FollowUp, &style()));
}

#[test]
fn a_new_group_is_named_first_with_three_lines_a_group_and_ten_in_all() {
    let mut tracked = gone_on(&few(), &flood());
    tracked.held_back();
    let found = rendered(&tracked, Kind::NewGroup, &style());
    assert_eq!(found.shown, 10);
    assert_reads!(found);
}

#[test]
fn the_operators_limit_of_lines_holds_in_every_message() {
    let tracked = gone_on(&few(), &flood());
    let style = Style { max_lines: 2, ..style() };
    for kind in [Kind::Opening, Kind::Escalation, Kind::NewGroup, Kind::FollowUp] {
        let found = rendered(&tracked, kind, &style);
        assert_eq!((found.shown, found.plain_shown()), (2, 2), "{kind:?}");
    }
}

#[test]
fn server_errors_among_client_errors_are_an_escalation() {
    let client = section(vec![group(403, "GET /.env", Fault::Client(None), &[(0, "a line")])]);
    assert_reads!(rendered(&gone_on(&client, &few()), Kind::Escalation, &style()));
}

#[test]
fn whose_and_how_many_clients_are_those_of_the_whole_incident_and_no_share_is_said() {
    let mut then = few();
    then.context.note_client(|| Some("2001:db8::7"));
    then.context.note_stage("beta");
    let tracked = gone_on(&known(), &then);
    let last_row = "stages prod, beta · account 123456789012 · ap-northeast-1";
    for kind in [Kind::Escalation, Kind::NewGroup, Kind::FollowUp, Kind::Over] {
        let found = rendered(&tracked, kind, &style());
        for text in [found.message.json(), found.plain().json()] {
            assert!(text.contains("3 clients"), "{text}");
            assert!(!text.contains("received"), "{text}");
            for part in last_row.split(" · ") {
                assert!(text.contains(part), "{part}: {text}");
            }
        }
    }
    assert_reads!(rendered(&tracked, Kind::FollowUp, &style()));
    assert_reads!(rendered(&tracked, Kind::Over, &style()));
}

/// What CloudWatch Logs centralised from this source.
fn centralised(section: Section, source: &str) -> Section {
    let mut section = Section { log_group: "/central".to_owned(), ..section };
    (0..section.matched()).for_each(|_| section.context.note_source(source));
    section.groups.iter_mut().for_each(|group| group.source = source.to_owned());
    section
}

#[test]
fn the_same_errors_of_another_account_join_their_group_and_each_account_has_its_sum() {
    let [first, then] = ["account 111111111111 eu-west-1", "account 222222222222 ap-northeast-1 /aws/orders"]
        .map(|source| centralised(known(), source));
    let tracked = gone_on(&first, &then);
    let decision = tracked.clone().decide(Moment::Arrival, AT + MINUTE_MS, &Policy::default());
    assert!(matches!(decision, Decision::Nothing { .. }), "{decision:?}");
    assert_reads!(rendered(&tracked, Kind::FollowUp, &style()));
    let end = rendered(&tracked, Kind::Over, &style());
    let sums =
        "3 from account 111111111111 eu-west-1 · 3 from account 222222222222 ap-northeast-1 /aws/orders";
    for found in [report(&end), report(&parent(&tracked, None, &style()))] {
        assert!(found.contains(sums) && !found.contains("account 123456789012"), "{found}");
    }
    assert!(report(&end).contains("502 POST /v1/orders ×4"), "{}", report(&end));
}

#[test]
fn where_all_came_from_one_account_it_is_said_once() {
    let source = "account 111111111111 eu-west-1";
    let [first, then] = [few(), flood()].map(|section| centralised(section, source));
    let tracked = gone_on(&first, &then);
    for kind in [Kind::Opening, Kind::NewGroup, Kind::FollowUp, Kind::Over] {
        let Rendered { message, .. } = rendered(&tracked, kind, &style());
        let heading = message.text.rsplit_once(" · ").map(|(_, last)| last);
        assert_eq!(heading, Some(source), "{kind:?}");
        let body = serde_json::to_string(&message.attachments).unwrap();
        // In the heading of the attachment's plain text, and in the last row.
        assert_eq!(body.matches(source).count(), 2, "{kind:?}: {body}");
    }
}

#[test]
fn the_end_has_the_whole_sum_and_says_what_is_new_in_it() {
    assert_reads!(rendered(&gone_on(&flood(), &few()), Kind::Over, &style()));
}

#[test]
fn a_time_of_another_day_is_said_with_its_day() {
    let tracked = gone_on(&few(), &flood());
    let style = MessageStyle::from(style());
    let heading = |kind, now_ms| {
        let heading = tracked.draw(Form::Blocks, kind, &style, now_ms).0.text;
        heading.replace('\u{200b}', "")
    };
    let same_day = heading(Kind::NewGroup, AT + MINUTE_MS);
    assert!(same_day.contains(" since 05:28 UTC · ") && !same_day.contains("18 Nov"), "{same_day}");
    let next_day = heading(Kind::NewGroup, AT + 86_400_000);
    assert_eq!(next_day.matches(" since 18 Nov 05:28 UTC · ").count(), 2, "{next_day}");
}

#[test]
fn mentions_go_out_with_the_opening_and_an_escalation_alone() {
    let mentioning = || Section { mentions: vec![MENTION.to_owned()], ..few() };
    let tracked = gone_on(&mentioning(), &mentioning());
    let mentions = |kind| rendered(&tracked, kind, &style()).message.text.contains(MENTION);
    assert_eq!(
        [Kind::Opening, Kind::Escalation, Kind::NewGroup, Kind::FollowUp, Kind::Over].map(mentions),
        [true, true, false, false, false]
    );
}

fn parent(tracked: &Tracked, before: Option<Kind>, style: &Style) -> Rendered {
    let style = MessageStyle::from(style.clone());
    let draw = |form| tracked.draw_parent(form, before, &style, AT + 65_000);
    let (message, plain) = (draw(Form::Blocks), draw(Form::Text));
    Rendered { message, shown: 0, id: String::new(), plain: Some((plain, 0)) }
}

#[test]
fn a_parent_has_the_sums_and_turns_green_with_them() {
    let mut tracked = gone_on(&flood(), &few());
    assert_reads!(parent(&tracked, None, &style()));
    tracked.notified(Kind::Over, AT + 65_000, &Policy::default());
    assert_reads!(parent(&tracked, None, &style()));
}

#[test]
fn a_parent_has_the_causes_the_rules_colour_and_runbook_and_the_share_where_it_is_known() {
    let section = || {
        let mut section = few();
        for (group, cause) in section.groups.iter_mut().zip(["not authorized to <!here>", "Forbidden"]) {
            (0..group.count).for_each(|_| group.causes.note(cause));
        }
        section.groups[0].incident.runbook = Some("https://wiki.example.com/orders".to_owned());
        Section { colors: vec!["#4a154b".to_owned()], requests: Some(48), ..section }
    };
    let mut all = Incidents::new(Policy::default());
    let (policy, tracked) = all.of(&section(), AT).expect("there is room");
    tracked.take(&section(), Vec::new(), 7, 20, AT, policy);
    assert_reads!(parent(tracked, Some(Kind::Opening), &Style { color: None, ..style() }));
    // What came beside the next lines is not known.
    tracked.take(&section(), Vec::new(), 8, 20, AT, policy);
    let later = parent(tracked, None, &style()).message.text;
    assert!(later.contains("6 errors") && !later.contains("received"), "{later}");
}

#[test]
fn a_parent_without_lines_gives_up_rows_where_they_are_too_long() {
    let source = |n: usize| format!("{n} {}", "_".repeat(450));
    let groups = (0..10).map(|n| {
        let one = group(502, &format!("/{n}{}", "x".repeat(250)), Fault::Gateway, &[(0, "raw")]);
        let causes = Causes::of_counted(vec![(".".repeat(240), 1)]);
        Group { source: source(n), causes, ..one }
    });
    let mut long = Section { log_group: "<".repeat(512), ..section(groups.collect()) };
    (0..10).for_each(|n| long.context.note_source(&source(n)));
    let found = parent(&gone_on(&long, &long), None, &style());
    assert_within_limits(&found.message);
    assert_within_limits(found.plain());
    // The heading, and six rows of ten.
    assert_eq!(found.plain().text.matches("502 /").count(), 7, "{}", found.plain().text);
}

#[test]
fn a_parent_mentions_when_it_is_posted_and_not_when_it_is_written_anew() {
    let mentioning = || Section { mentions: vec![MENTION.to_owned()], ..few() };
    let tracked = gone_on(&mentioning(), &mentioning());
    let mentions = |before| parent(&tracked, before, &style()).message.text.contains(MENTION);
    assert!(mentions(Some(Kind::Opening)) && !mentions(Some(Kind::FollowUp)) && !mentions(None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_parent_is_dead_and_valid(first in a_digest(), then in a_digest(), style in a_style()) {
        let of = |digest: &Digest| digest.sections.first().filter(|section| section.matched() > 0).cloned();
        let tracked = gone_on(&of(&first).unwrap_or_else(few), &of(&then).unwrap_or_else(few));
        for before in [None, Some(Kind::Opening)] {
            let found = parent(&tracked, before, &style);
            assert_within_limits(&found.message);
            assert_within_limits(found.plain());
            assert_blocks_dead(&found.message, &style);
            assert_text_dead(found.plain(), &style);
        }
    }

    #[test]
    fn any_incident_gives_dead_true_and_valid_messages(
        first in a_digest(), then in a_digest(), style in a_style(),
    ) {
        let of = |digest: &Digest| digest.sections.first().filter(|section| section.matched() > 0).cloned();
        let tracked = gone_on(&of(&first).unwrap_or_else(few), &of(&then).unwrap_or_else(few));
        for kind in [Kind::Escalation, Kind::NewGroup, Kind::FollowUp, Kind::Over] {
            let found = rendered(&tracked, kind, &style);
            assert_within_limits(&found.message);
            assert_within_limits(found.plain());
            assert_blocks_dead(&found.message, &style);
            assert_text_dead(found.plain(), &style);
            prop_assert!(found.shown <= 10 && found.plain_shown() <= 10);
            let digest = tracked.clone().notified(kind, AT, &Policy::default());
            assert_shown_is_true(&digest, &found);
        }
    }

    #[test]
    fn what_was_taken_is_what_is_pending(first in a_digest(), then in a_digest()) {
        let mut tracked = gone_on(&first.sections[0], &then.sections[0]);
        let sent = tracked.notified(Kind::FollowUp, AT, &Policy::default());
        prop_assert_eq!(sent.matched(), then.sections[0].matched());
        let nothing = tracked.decide(Moment::Last, AT + MINUTE_MS, &Policy::default());
        let is_nothing = matches!(nothing, Decision::Nothing { .. });
        prop_assert!(is_nothing);
    }
}
