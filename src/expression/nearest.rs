//! The name that was probably meant.

/// The candidate nearest to `name`, if one is near enough to be a slip of the hand.
pub(super) fn nearest<'c>(
    name: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let name = name.to_lowercase();
    let allowed = (name.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&name, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|&(distance, _)| distance <= allowed)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_a_slip_is_corrected() {
        let names = ["SUBSTRING", "RIGHT", "REPLACE", "REPLACENULL"];
        assert_eq!(nearest("substrng", names), Some("SUBSTRING"));
        assert_eq!(nearest("Rihgt", names), Some("RIGHT"));
        assert_eq!(nearest("HOUR", names), None);
    }
}
