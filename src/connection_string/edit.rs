//! Edits of a connection string: the characters meant, and no others.

use std::ops::Range;

use super::{ConnectionString, Pair, Quote, ValueError};

/// A stretch of a connection string and what shall stand there.
///
/// Offsets are bytes of the string. The replacements of one edit are in ascending order and do not overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// What goes away; empty for an insertion.
    pub range: Range<usize>,
    /// What stands there afterwards, quoted by the rules of the string; not escaped for any outer text.
    pub text: String,
}

impl Replacement {
    /// The string with the replacements of one edit made.
    pub fn apply(replacements: &[Replacement], text: &str) -> String {
        let mut result = String::with_capacity(text.len());
        let mut at = 0;
        for replacement in replacements {
            result.push_str(text.get(at..replacement.range.start).unwrap_or_default());
            result.push_str(&replacement.text);
            at = replacement.range.end;
        }
        result.push_str(text.get(at..).unwrap_or_default());
        result
    }
}

impl ConnectionString<'_> {
    /// Gives `key` the value: replaces the characters of its value, or appends the pair where it is missing.
    ///
    /// A key that stands several times gets the value everywhere, so that it holds whichever a provider reads.
    /// Nothing is replaced where the value stands already.
    ///
    /// # Errors
    ///
    /// [`ValueError`] for a value or key that the string cannot hold.
    pub fn set(&self, key: &str, value: &str) -> Result<Vec<Replacement>, ValueError> {
        if self.get(key).is_none() {
            return Ok(vec![self.insert(self.pairs().last(), key, value)?]);
        }
        let named = self.pairs().iter().filter(|pair| pair.is_named(key));
        let changed = named.filter(|pair| pair.value.text != value);
        changed
            .map(|pair| {
                let spelled = self.dialect().spell(key, value, pair.quote)?;
                Ok(Replacement {
                    range: pair.value.raw().range(),
                    text: match pair.quote {
                        Quote::None => spelled.whole(),
                        _ => spelled.inner,
                    },
                })
            })
            .collect()
    }

    /// Takes a key away, with its separator; nothing where it is missing.
    pub fn remove(&self, key: &str) -> Vec<Replacement> {
        let pairs = self.pairs();
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for pair in pairs.iter().filter(|pair| pair.is_named(key)) {
            match ranges.last_mut() {
                Some(last) if last.end == pair.whole.start => last.end = pair.whole.end,
                _ => ranges.push(pair.whole.clone()),
            }
        }
        let first_kept = pairs.iter().find(|pair| !pair.is_named(key));
        let last_kept = pairs.iter().rfind(|pair| !pair.is_named(key));
        // What becomes the first pair has no blanks before it.
        if let (Some(range), Some(kept)) = (ranges.first_mut(), first_kept)
            && range.end == kept.whole.start
            && range.start == 0
        {
            range.end = kept.key.raw().range().start;
        }
        // A string that ended without a separator still does.
        if let (Some(range), Some(kept)) = (ranges.last_mut(), last_kept)
            && range.start == kept.whole.end
            && pairs.last().is_some_and(|last| !last.ended)
        {
            range.start -= 1;
        }
        let removal = |range| Replacement {
            range,
            text: String::new(),
        };
        ranges.into_iter().map(removal).collect()
    }

    /// A new pair behind `after`, or before all others.
    pub(super) fn insert(
        &self,
        after: Option<&Pair<'_>>,
        key: &str,
        value: &str,
    ) -> Result<Replacement, ValueError> {
        let key_text = self.dialect().spell_key(key)?;
        let pair = format!(
            "{key_text}={}",
            self.dialect().spell(key, value, Quote::None)?.whole()
        );
        let (at, text) = match after {
            Some(after) if after.ended => (after.whole.end, format!("{pair};")),
            Some(after) => (after.quoted_range().end, format!(";{pair}")),
            None => {
                let first = self.pairs().first();
                let at = first.map_or(self.text().len(), |first| first.key.raw().range().start);
                (at, format!("{pair};"))
            }
        };
        Ok(Replacement {
            range: at..at,
            text,
        })
    }
}
