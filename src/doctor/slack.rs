//! The way to Slack: the webhook or bot token where it is stored, and what Slack made of the last hour's posts.

use super::facts::{Deployment, Function, SecretPlace};
use super::finding::Finding;
use crate::words::count;

const CHECK: &str = "slack";

pub(super) fn judge(known: &Deployment, findings: &mut Vec<Finding>) {
    findings.extend(known.secrets.iter().map(secret));
    findings.push(posts(&known.lines));
    if let Ok(Some(alarms)) = &known.alarms {
        findings.push(posts(alarms));
    }
}

fn secret(secret: &SecretPlace) -> Finding {
    let SecretPlace { kind, destination, place, found } = secret;
    let subject = format!("destination {destination}");
    match found {
        Err(why) => Finding::unknown(kind, &subject, why),
        Ok(Ok(true)) => Finding::good(kind, &subject, format!("stored in {place}, and of Slack's form")),
        Ok(Ok(false)) => Finding::warning(
            kind,
            &subject,
            format!("stored in {place}, but it does not look like one of Slack's"),
            "copy it again from the Slack app, and store it there; --post tries it",
        ),
        Ok(Err(fault)) => Finding::bad(
            kind,
            &subject,
            format!("{place}: {fault}"),
            "store it there, as the module's README says; nothing is posted without it",
        ),
    }
}

fn posts(function: &Function) -> Finding {
    let measured = match &function.measured {
        Err(why) => return Finding::unknown(CHECK, &function.name, why),
        Ok(measured) => measured,
    };
    let (posted, refused) = (measured.sum("Posted"), measured.sum("Refused"));
    let (unavailable, limited) = (measured.sum("Unavailable"), measured.sum("RateLimited"));
    if refused > 0 {
        return Finding::bad(
            CHECK,
            &function.name,
            format!("Slack refused {} for good in the last hour", count(refused, "post")),
            "the function's log says which, and what to do: a webhook or token that is not valid any more, a channel \
             that is archived or that the bot is not in",
        );
    }
    if unavailable > 0 {
        return Finding::warning(
            CHECK,
            &function.name,
            format!(
                "{} given up in the last hour because Slack could not be reached",
                count(unavailable, "post")
            ),
            "what they had comes again; if it goes on, look at the function's way to the internet (in a VPC: NAT)",
        );
    }
    if limited > 0 {
        return Finding::warning(
            CHECK,
            &function.name,
            format!("Slack asked for a pause {} in the last hour", count(limited, "time")),
            "raise STATUSWATCH_SPACING_SECONDS, or use a state table, where all containers share one limit",
        );
    }
    Finding::good(CHECK, &function.name, format!("{} in the last hour, none refused", count(posted, "post")))
}
