//! Reads YAML into a tree.
//!
//! In: text with CloudFormation's tags. Out: one [`Node`] a document, or the first fault with its line.
//! Never follows an anchor into a copy: an alias shares the node it names.

use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use super::Fault;
use super::node::{Content, MAX_DEPTH, Member, Node, Scalar};

/// The documents of `text`.
pub(super) fn parse(text: &str) -> Result<Vec<Rc<Node>>, Fault> {
    let mut parser = Parser::new_from_str(text);
    let mut builder = Builder::default();
    while let Some(event) = parser.next_event() {
        let (event, span) = event
            .map_err(|error| fault(error.marker().line(), Some(error.marker().col() + 1), error.info()))?;
        builder.event(event, span.start.line())?;
    }
    Ok(builder.documents)
}

#[derive(Default)]
struct Builder {
    documents: Vec<Rc<Node>>,
    open: Vec<Open>,
    anchors: HashMap<usize, Rc<Node>>,
}

/// A list or map that is not yet closed.
struct Open {
    node: Node,
    anchor: usize,
    /// The key whose value comes next.
    key: Option<(String, usize)>,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, line: usize) -> Result<(), Fault> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let scalar = Scalar { text: text.into_owned(), quoted: !matches!(style, ScalarStyle::Plain) };
                let node =
                    Node { line, height: 0, tag: name(tag.as_deref()), content: Content::Scalar(scalar) };
                self.add(Rc::new(node), anchor)?;
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(Content::List(Vec::new()), anchor, tag.as_deref(), line)?;
            }
            Event::MappingStart(anchor, tag) => {
                self.open(Content::Map(Vec::new()), anchor, tag.as_deref(), line)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    self.add(Rc::new(open.node), open.anchor)?;
                }
            }
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned();
                let node = node.ok_or_else(|| fault(line, None, "an alias inside the node that it names"))?;
                self.add(node, 0)?;
            }
            Event::DocumentStart(_) => self.anchors.clear(),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn open(&mut self, content: Content, anchor: usize, tag: Option<&Tag>, line: usize) -> Result<(), Fault> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Fault::too_deep(line, MAX_DEPTH));
        }
        self.open.push(Open { node: Node { line, height: 0, tag: name(tag), content }, anchor, key: None });
        Ok(())
    }

    fn add(&mut self, node: Rc<Node>, anchor: usize) -> Result<(), Fault> {
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return Ok(());
        };
        open.node.height = open.node.height.max(node.height + 1);
        if open.node.height > MAX_DEPTH {
            return Err(Fault::too_deep(open.node.line, MAX_DEPTH));
        }
        match (&mut open.node.content, open.key.take()) {
            (Content::List(items), _) => items.push(node),
            (Content::Map(members), Some((key, line))) => members.push(Member { key, line, value: node }),
            (Content::Map(_), None) => {
                open.key = Some((node.scalar().unwrap_or_default().to_owned(), node.line));
            }
            (Content::Scalar(_), _) => {}
        }
        Ok(())
    }
}

fn fault(line: usize, column: Option<usize>, what: &str) -> Fault {
    Fault::at(line, column, format!("not valid YAML: {what}; correct it (`yamllint` reports it too)"))
}

/// A tag's name where it is one of the document's own, such as `Sub` for `!Sub`.
fn name(tag: Option<&Tag>) -> Option<String> {
    tag.filter(|tag| !tag.is_yaml_core_schema()).map(|tag| tag.suffix.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Rc<Node> {
        parse(text).unwrap().into_iter().next().unwrap()
    }

    #[test]
    fn tags_keys_and_lines_are_kept() {
        let root = one("A:\n  B: !Sub 'x'\n  C: !Join\n    - ','\n    - [a, !Ref D]\n");
        let a = root.get("A").unwrap();
        assert_eq!(a.members()[0].line, 2);
        let b = a.get("B").unwrap();
        assert_eq!((b.tag.as_deref(), b.scalar(), b.line), (Some("Sub"), Some("x"), 2));
        let join = a.get("C").unwrap();
        assert_eq!((join.tag.as_deref(), join.items().len()), (Some("Join"), 2));
        assert_eq!(join.items()[1].items()[1].tag.as_deref(), Some("Ref"));
    }

    #[test]
    fn anchors_are_shared_and_merged() {
        let root = one("a: &x\n  f: 1\nb: *x\nc:\n  <<: *x\n  g: 2\n");
        assert_eq!(root.get("b").unwrap().get("f").unwrap().scalar(), Some("1"));
        assert_eq!(root.get("c").unwrap().get("f").unwrap().scalar(), Some("1"));
    }

    #[test]
    fn blocks_and_several_documents_are_read() {
        let root = one("f: >-\n  {\"a\":\"$context.status\",\n  \"b\":1}\n");
        assert_eq!(root.get("f").unwrap().scalar(), Some("{\"a\":\"$context.status\", \"b\":1}"));
        assert_eq!(parse("a: 1\n---\nb: 2\n").unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_yaml_is_a_fault_with_its_line() {
        assert_eq!(parse("a: 1\nb: [1, 2\n").unwrap_err().line, Some(3));
        assert!(parse("a: 1\n\tb: 2\n").unwrap_err().line.is_some());
        let deep = format!("a: {}{}", "[".repeat(5000), "]".repeat(5000));
        let fault = parse(&deep).unwrap_err();
        assert!(fault.line.is_some(), "{fault:?}");
        assert_eq!(parse("").unwrap().len(), 0);
    }
}
