//! What the value of an expression is joined from: literals and names that come through as they are.
//!
//! Only what reaches the value counts: the text that a condition compares, or that `REPLACE` looks for, is no part of
//! it.

use crate::expression::{BinaryOperator, Expression, Function, Name, NodeKind, TypeName};

/// The pieces of one value, in their order.
pub(super) type Sequence<'s> = Vec<Piece<'s>>;

/// A piece of a value.
#[derive(Clone, Debug)]
pub(super) struct Piece<'s> {
    pub(super) what: What<'s>,
    /// Whether it comes through as it is, not trimmed or in other letters.
    pub(super) is_exact: bool,
    /// Whether it is made a text before it is joined.
    pub(super) is_cast: bool,
}

/// What a piece is.
#[derive(Clone, Debug)]
pub(super) enum What<'s> {
    /// A string literal, by its number among [`Expression::strings`].
    Literal(usize),
    /// A number or a truth value, as it is spelled.
    Constant(&'s str),
    /// A variable or a parameter.
    Name(Name<'s>),
    /// Something that is computed.
    Computed,
}

/// More values than this are taken for one that is computed.
const MOST: usize = 16;

/// The sequences that an expression may give: one, unless it chooses.
pub(super) fn sequences<'s>(expression: &Expression<'s>) -> Vec<Sequence<'s>> {
    // Children come before their parents, and each has one.
    let mut found: Vec<Vec<Sequence<'s>>> = Vec::new();
    let mut literals = 0;
    for node in expression.nodes() {
        let mut take = |id: crate::expression::NodeId| {
            found
                .get_mut(id.index())
                .map(std::mem::take)
                .unwrap_or_default()
        };
        let piece = |what| vec![vec![Piece::new(what)]];
        let computed = || piece(What::Computed);
        let sequences = match node.kind() {
            NodeKind::Text(_) => {
                literals += 1;
                piece(What::Literal(literals - 1))
            }
            NodeKind::Constant(_) => piece(What::Constant(node.text())),
            NodeKind::Name(name) => piece(What::Name(*name)),
            NodeKind::Group(inner) => take(*inner),
            NodeKind::Binary(BinaryOperator::Add, left, right) => joined(take(*left), take(*right)),
            NodeKind::Conditional(_, yes, no) => either(take(*yes), take(*no)),
            NodeKind::Cast(spec, inner) if matches!(spec.name, TypeName::Wstr | TypeName::Str) => {
                let mut sequences = take(*inner);
                pieces(&mut sequences).for_each(|piece| piece.is_cast = true);
                sequences
            }
            NodeKind::Call(call) => {
                let mut arguments: Vec<_> = node.children().map(|it| it.id()).collect();
                match (call.function, arguments.len()) {
                    (Some(function), 1) if keeps_letters(function) => {
                        let mut sequences = arguments.pop().map(take).unwrap_or_default();
                        pieces(&mut sequences).for_each(|piece| piece.is_exact = false);
                        sequences
                    }
                    (Some(Function::ReplaceNull), 2) => {
                        let mut all = arguments.into_iter().map(take);
                        either(
                            all.next().unwrap_or_default(),
                            all.next().unwrap_or_default(),
                        )
                    }
                    _ => computed(),
                }
            }
            _ => computed(),
        };
        found.push(match sequences.len() {
            1..=MOST => sequences,
            _ => computed(),
        });
    }
    found.pop().unwrap_or_default()
}

impl<'s> Piece<'s> {
    fn new(what: What<'s>) -> Piece<'s> {
        Piece {
            what,
            is_exact: true,
            is_cast: false,
        }
    }
}

fn keeps_letters(function: Function) -> bool {
    matches!(
        function,
        Function::Lower | Function::Upper | Function::Trim | Function::LTrim | Function::RTrim
    )
}

fn pieces<'p, 's>(sequences: &'p mut [Sequence<'s>]) -> impl Iterator<Item = &'p mut Piece<'s>> {
    sequences.iter_mut().flatten()
}

/// A number that is not made a text is added, not joined.
fn joined<'s>(mut left: Vec<Sequence<'s>>, mut right: Vec<Sequence<'s>>) -> Vec<Sequence<'s>> {
    let is_number = |piece: &Piece<'s>| matches!(piece.what, What::Constant(_)) && !piece.is_cast;
    if left.iter().chain(&right).flatten().any(is_number) {
        return vec![vec![Piece::new(What::Computed)]];
    }
    // The long chains of `+` grow in place.
    if let ([_], [_]) = (left.as_slice(), right.as_slice())
        && let (Some(mut first), Some(behind)) = (left.pop(), right.pop())
    {
        first.extend(behind);
        return vec![first];
    }
    if left.len().saturating_mul(right.len()) > MOST {
        return Vec::new();
    }
    let mut all = Vec::new();
    for first in &left {
        for behind in &right {
            all.push(first.iter().chain(behind).cloned().collect());
        }
    }
    all
}

fn either<'s>(mut one: Vec<Sequence<'s>>, other: Vec<Sequence<'s>>) -> Vec<Sequence<'s>> {
    one.extend(other);
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let expression = Expression::parse(text).unwrap();
        let strings: Vec<String> = expression
            .strings()
            .map(|(_, it)| it.text.to_string())
            .collect();
        let piece = |piece: &Piece<'_>| {
            let what = match &piece.what {
                What::Literal(at) => format!("'{}'", strings[*at]),
                What::Constant(text) => (*text).to_owned(),
                What::Name(name) => name.to_string(),
                What::Computed => "?".to_owned(),
            };
            if piece.is_exact {
                what
            } else {
                format!("~{what}")
            }
        };
        sequences(&expression)
            .iter()
            .map(|it| it.iter().map(piece).collect::<Vec<_>>().join(" "))
            .collect()
    }

    #[test]
    fn what_reaches_the_value_is_a_piece_of_it() {
        assert_eq!(shown(r#""a""#), ["'a'"]);
        assert_eq!(
            shown(r#"(@[User::Host]) + ":" + "25""#),
            ["User::Host ':' '25'"]
        );
        assert_eq!(
            shown(r#"@[User::Env] == "prod" ? "a" : @[User::B] + "c""#),
            ["'a'", "User::B 'c'"]
        );
        assert_eq!(
            shown(r#"TRIM(LOWER("A")) + (DT_WSTR,5)@[User::N] + (DT_WSTR,2)25"#),
            ["~'A' User::N 25"]
        );
        assert_eq!(
            shown(r#"REPLACE(@[User::Url], "old", "new") + "x""#),
            ["? 'x'"]
        );
        assert_eq!(shown(r#"REPLACENULL(@[User::A], "b")"#), ["User::A", "'b'"]);
        assert_eq!(shown("@[User::N] + 1"), ["?"]);
        assert_eq!(shown("25"), ["25"]);
    }

    #[test]
    fn many_choices_are_a_computation() {
        let choice = |n: usize| format!("(@[User::C{n}] ? \"a\" : \"b\")");
        let text: Vec<String> = (0..5).map(choice).collect();
        assert_eq!(shown(&text.join(" + ")), ["?"]);
        let long = vec!["@[User::A]"; 5_000].join(" + ");
        assert_eq!(
            sequences(&Expression::parse(&long).unwrap())[0].len(),
            5_000
        );
    }
}
