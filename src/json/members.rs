//! The members of a value that is there whole: of an object by name, of an array in their order.
//!
//! Nothing is copied, and no tree is built: what is handed on are stretches of the text.

use std::borrow::Cow;

use super::Stop;

/// Calls `each` with the raw name and the raw value of every field of the object at `at`; gives the offset behind it.
pub(crate) fn each_field<'a>(
    object: &'a [u8],
    at: usize,
    mut each: impl FnMut(&'a [u8], &'a [u8]),
) -> Result<usize, Stop> {
    let mut at = super::skip_space(object, super::expect(object, at, b'{')?);
    if object.get(at) == Some(&b'}') {
        return Ok(at + 1);
    }
    loop {
        let name = super::expect(object, at, b'"')?;
        let name_end = super::closing_quote(object, name)?;
        let value = super::skip_space(object, super::expect(object, name_end + 1, b':')?);
        let value_end = super::skip_value(object, value)?;
        each(
            object.get(name..name_end).unwrap_or_default(),
            object.get(value..value_end).unwrap_or_default(),
        );
        at = super::skip_space(object, value_end);
        match object.get(at) {
            Some(b',') => at += 1,
            Some(b'}') => return Ok(at + 1),
            Some(_) => return Err(Stop::Invalid(at)),
            None => return Err(Stop::Incomplete),
        }
    }
}

/// The raw value of a field of an object; the last one where it stands twice, as in JSON parsers.
pub(crate) fn field<'a>(object: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    let mut found = None;
    let _ = each_field(object, 0, |raw_name, value| {
        if *name(raw_name) == *wanted {
            found = Some(value);
        }
    });
    found
}

/// What the raw name of a field says: `"d\u0061ta"` is `data`. Copies nothing where there is no escape.
pub(crate) fn name(raw: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', raw).is_none() {
        return Cow::Borrowed(raw);
    }
    let mut unescaped = String::new();
    super::unescape(raw, &mut unescaped);
    Cow::Owned(unescaped.into_bytes())
}

/// The raw elements of an array that is known to be JSON.
pub(crate) fn elements(array: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut at = 1;
    std::iter::from_fn(move || {
        let start = super::skip_space(array, at);
        let end = super::skip_value(array, start).ok()?;
        at = super::skip_space(array, end) + 1;
        array.get(start..end)
    })
}

/// What a raw value says, if it is a text.
pub(crate) fn text(value: &[u8]) -> Option<Cow<'_, [u8]>> {
    Some(name(value.strip_prefix(b"\"")?.strip_suffix(b"\"")?))
}
