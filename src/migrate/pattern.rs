//! Patterns of recipes: `*` is any run of characters, `?` any one; brackets and backslashes mean themselves.

/// A pattern; case does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// A pattern as it is written.
    pub fn new(text: &str) -> Pattern {
        Pattern(text.to_owned())
    }

    /// The text that alone fits, where the pattern has no wildcard.
    pub fn exact(&self) -> Option<&str> {
        (!self.0.contains(['*', '?'])).then_some(&self.0)
    }

    /// Whether all of the text fits.
    pub fn fits(&self, text: &str) -> bool {
        let pattern: Vec<char> = self.0.chars().flat_map(char::to_lowercase).collect();
        let text: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
        let (mut at, mut in_text) = (0, 0);
        // Where the last `*` stands, and where in the text the run that it took ends.
        let mut star: Option<(usize, usize)> = None;
        while let Some(character) = text.get(in_text) {
            match pattern.get(at) {
                Some('*') => {
                    star = Some((at, in_text));
                    at += 1;
                }
                Some(wanted) if *wanted == '?' || wanted == character => {
                    at += 1;
                    in_text += 1;
                }
                _ => match star {
                    Some((place, taken)) => {
                        star = Some((place, taken + 1));
                        at = place + 1;
                        in_text = taken + 1;
                    }
                    None => return false,
                },
            }
        }
        pattern
            .get(at..)
            .is_none_or(|rest| rest.iter().all(|&character| character == '*'))
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn only_stars_and_question_marks_are_wild() {
        for (pattern, text) in [
            ("*", ""),
            ("*@old.example", "Ann@OLD.example"),
            ("smtp?.corp.*", "smtp1.corp.example"),
            (r"\Package\*\Send [a]", r"\Package\Load\More\Send [a]"),
            ("a*b*c", "a-b-b-c"),
            ("ЖУК*", "жук.example"),
        ] {
            assert!(Pattern::new(pattern).fits(text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "a"),
            ("smtp?.corp", "smtp.corp"),
            ("[a]", "a"),
            ("a*b", "a-b-c"),
            ("smtp1.corp", "smtp1xcorp"),
        ] {
            assert!(!Pattern::new(pattern).fits(text), "{pattern} {text}");
        }
    }
}
