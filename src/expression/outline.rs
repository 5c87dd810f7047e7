//! What is known of a text whose value is not.

use super::check::Checked;
use super::error::Error;
use super::evaluate::Operand;
use super::operator::BinaryOperator;
use super::scope::Scope;
use super::tree::{Expression, NodeId, NodeKind};
use super::types::DataType;

impl Expression<'_> {
    /// The text of the expression, with `⟨Name⟩` for each piece that depends on something unknown:
    /// `⟨System::MachineName⟩: Nightly FAILED`. `None` for NULL, which one known piece that is NULL makes of the whole.
    ///
    /// Only strings that are joined have pieces; of any other expression all is known or nothing.
    ///
    /// # Errors
    ///
    /// Those of [`evaluate`](Expression::evaluate), but for values that cannot be known.
    pub fn outline(&self, scope: &dyn Scope) -> Result<Option<String>, Error> {
        let checked = Checked::new(self, scope)?;
        let mut text = String::new();
        let mut pieces = vec![self.root_id()];
        while let Some(id) = pieces.pop() {
            match self.kind(id) {
                Some(&NodeKind::Group(inner)) => pieces.push(inner),
                Some(&NodeKind::Binary(BinaryOperator::Add, left, right))
                    if matches!(checked.type_of(id), DataType::Wstr { .. }) =>
                {
                    pieces.extend([right, left]);
                }
                _ => match checked.machine().run(id)? {
                    Operand::Known(value) => match value.to_text(scope.locale())? {
                        Some(known) => text.push_str(&known),
                        None => return Ok(None),
                    },
                    Operand::Unknown(_) => {
                        text.push('⟨');
                        text.push_str(&checked.unknown_names(id));
                        text.push('⟩');
                    }
                },
            }
        }
        Ok(Some(text))
    }
}

impl Checked<'_, '_, '_> {
    /// The names below a node that are unknown, each once; without one it is the clock that is.
    fn unknown_names(&self, id: NodeId) -> String {
        let mut names: Vec<String> = Vec::new();
        for name in self.unknown_below(id) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if names.is_empty() {
            return "GETDATE()".to_owned();
        }
        names.join(", ")
    }
}
