//! The value of a checked expression.
//!
//! A machine with its own stack of steps: how deep an expression nests is a matter of the heap.

use super::arithmetic;
use super::casts::Surroundings;
use super::codes::Code;
use super::compare;
use super::error::{Error, ErrorKind};
use super::functions::Function;
use super::operator::BinaryOperator;
use super::tree::{Call, Expression, NodeId, NodeKind};
use super::types::DataType;
use super::value::{Data, Value};
use crate::source::Span;

/// A value, or that it depends on something that cannot be known.
///
/// Being unknown spreads upwards as NULL does, but not into results that do not depend on it: `FALSE && x` is false
/// and `TRUE ? 1 : x` is 1 whatever `x` is.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    Known(Value),
    /// The error to report if the value matters.
    Unknown(Error),
}

/// Computes nodes.
pub(super) struct Machine<'c, 's> {
    expression: &'c Expression<'s>,
    types: &'c [DataType],
    found: &'c [(NodeId, Operand)],
    around: Surroundings<'c>,
    steps: Vec<Step>,
    values: Vec<Operand>,
}

/// What is still to be done.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Compute a node.
    Visit(NodeId),
    /// The operands of the node are computed; apply it to them.
    Apply(NodeId),
    /// The left side of `&&` or `||` is computed; see whether the right one matters.
    ShortCut(NodeId),
    /// The condition is computed; choose.
    Choose(NodeId),
}

/// The most operands that a node has; functions have three at most.
const OPERANDS: usize = 3;

impl<'c, 's> Machine<'c, 's> {
    pub(super) fn new(
        expression: &'c Expression<'s>,
        types: &'c [DataType],
        found: &'c [(NodeId, Operand)],
        around: Surroundings<'c>,
    ) -> Machine<'c, 's> {
        Machine {
            expression,
            types,
            found,
            around,
            steps: Vec::with_capacity(16),
            values: Vec::with_capacity(8),
        }
    }

    /// The value of a node.
    pub(super) fn run(mut self, root: NodeId) -> Result<Operand, Error> {
        self.steps.push(Step::Visit(root));
        while let Some(step) = self.steps.pop() {
            match step {
                Step::Visit(id) => self.visit(id)?,
                Step::Apply(id) => self.apply(id)?,
                Step::ShortCut(id) => self.short_cut(id),
                Step::Choose(id) => self.choose(id),
            }
        }
        Ok(self.pop())
    }

    fn visit(&mut self, id: NodeId) -> Result<(), Error> {
        let Some(kind) = self.expression.kind(id) else {
            return Ok(());
        };
        match *kind {
            NodeKind::Text(ref text) => {
                let value = Value::new(self.type_of(id), Data::Text(text.text.to_string()));
                self.values.push(Operand::Known(value));
            }
            NodeKind::Constant(ref value) => self.values.push(Operand::Known(value.clone())),
            NodeKind::Null(_) => {
                let value = Value::null(self.type_of(id));
                self.values.push(Operand::Known(value));
            }
            NodeKind::Name(_) | NodeKind::Column(_) => {
                let at = self.found.binary_search_by_key(&id, |&(id, _)| id);
                if let Some((_, operand)) = at.ok().and_then(|at| self.found.get(at)) {
                    self.values.push(operand.clone());
                }
            }
            NodeKind::Group(inner) => self.steps.push(Step::Visit(inner)),
            NodeKind::Unary(_, operand)
            | NodeKind::Cast(_, operand)
            | NodeKind::Assignment(_, operand) => {
                self.steps.extend([Step::Apply(id), Step::Visit(operand)]);
            }
            NodeKind::Binary(operator, left, _) if operator.is_logical() => {
                self.steps.extend([Step::ShortCut(id), Step::Visit(left)]);
            }
            NodeKind::Binary(_, left, right) => {
                self.steps
                    .extend([Step::Apply(id), Step::Visit(right), Step::Visit(left)]);
            }
            NodeKind::Conditional(condition, ..) => {
                self.steps
                    .extend([Step::Choose(id), Step::Visit(condition)]);
            }
            NodeKind::Call(call) => {
                self.steps.push(Step::Apply(id));
                let arguments = self.expression.list(call.arguments).iter().rev();
                self.steps
                    .extend(arguments.map(|&argument| Step::Visit(argument)));
            }
        }
        Ok(())
    }

    fn apply(&mut self, id: NodeId) -> Result<(), Error> {
        let Some(kind) = self.expression.kind(id) else {
            return Ok(());
        };
        let result = self.type_of(id);
        let place = self.expression.span(id);
        let operand = match *kind {
            NodeKind::Unary(operator, _) => match self.pop() {
                Operand::Known(value) => arithmetic::unary(operator, value).map(Operand::Known),
                unknown => Ok(unknown),
            },
            NodeKind::Cast(..) => match self.pop() {
                Operand::Known(value) => value.cast(result, &self.around).map(Operand::Known),
                unknown => Ok(unknown),
            },
            NodeKind::Conditional(..) | NodeKind::Assignment(..) => match self.pop() {
                Operand::Known(value) => self.converted(value, result).map(Operand::Known),
                unknown => Ok(unknown),
            },
            NodeKind::Binary(operator, _, right) => {
                let (b, a) = (self.pop(), self.pop());
                return self.binary(operator, a, b, result, self.expression.span(right), place);
            }
            NodeKind::Call(call) => self.call(call, result),
            _ => return Ok(()),
        };
        self.values.push(settle(operand, place)?);
        Ok(())
    }

    fn binary(
        &mut self,
        operator: BinaryOperator,
        left: Operand,
        right: Operand,
        result: DataType,
        divisor: Span,
        place: Span,
    ) -> Result<(), Error> {
        let operand = match (left, right) {
            (left, right) if operator.is_logical() => Ok(logical(operator, left, right)),
            (Operand::Known(left), Operand::Known(right)) => if operator.is_comparison() {
                compare::compare(operator, left, right, &self.around)
            } else {
                arithmetic::binary(operator, left, right, result)
            }
            .map(Operand::Known),
            (unknown @ Operand::Unknown(_), _) | (_, unknown) => Ok(unknown),
        };
        let operand = operand.map_err(|error| match error.code() {
            Some(Code::DivideByZero) => error.at(divisor),
            _ => error,
        });
        self.values.push(settle(operand, place)?);
        Ok(())
    }

    fn call(&mut self, call: Call, result: DataType) -> Result<Operand, Error> {
        let count = call.arguments.count().min(OPERANDS);
        let mut values = [const { Value::null(DataType::Bool) }; OPERANDS];
        let mut unknown = None;
        for at in (0..count).rev() {
            match (self.pop(), values.get_mut(at)) {
                (Operand::Known(value), Some(place)) => *place = value,
                (Operand::Unknown(error), _) => unknown = Some(error),
                _ => {}
            }
        }
        if let Some(error) = unknown {
            return Ok(Operand::Unknown(error));
        }
        let arguments = values.get(..count).unwrap_or_default();
        let function = call.function.unwrap_or(Function::IsNull);
        function
            .call(arguments, result, &self.around)
            .map(Operand::Known)
    }

    /// The right side of `&&` and `||` is computed only if the left one does not decide.
    fn short_cut(&mut self, id: NodeId) {
        let Some(&NodeKind::Binary(operator, _, right)) = self.expression.kind(id) else {
            return;
        };
        let decides = match self.values.last() {
            Some(Operand::Known(value)) => value.as_bool() == Some(operator == BinaryOperator::Or),
            _ => false,
        };
        if !decides {
            self.steps.extend([Step::Apply(id), Step::Visit(right)]);
        }
    }

    /// Only the branch that the condition chooses is computed; without a condition the result is NULL.
    fn choose(&mut self, id: NodeId) {
        let Some(&NodeKind::Conditional(_, left, right)) = self.expression.kind(id) else {
            return;
        };
        match self.pop() {
            Operand::Known(condition) => match condition.as_bool() {
                Some(true) => self.steps.extend([Step::Apply(id), Step::Visit(left)]),
                Some(false) => self.steps.extend([Step::Apply(id), Step::Visit(right)]),
                None => self
                    .values
                    .push(Operand::Known(Value::null(self.type_of(id)))),
            },
            unknown => self.values.push(unknown),
        }
    }

    /// A value in the type that both branches, or the variable, have.
    fn converted(&self, value: Value, to: DataType) -> Result<Value, Error> {
        let from = value.data_type();
        if from == to
            || value.is_null()
            || from.name() == to.name() && !to.is_exact() && !to.is_temporal()
        {
            return Ok(value.retyped(to));
        }
        value.cast(to, &self.around)
    }

    fn type_of(&self, id: NodeId) -> DataType {
        self.types
            .get(id.index())
            .copied()
            .unwrap_or(DataType::Bool)
    }

    /// Every step pushes what the next one pops, so there always is one.
    fn pop(&mut self) -> Operand {
        self.values
            .pop()
            .unwrap_or(Operand::Known(Value::null(DataType::Bool)))
    }
}

/// An error that only says that something cannot be known, such as the clock, is an unknown value.
fn settle(operand: Result<Operand, Error>, place: Span) -> Result<Operand, Error> {
    match operand {
        Err(error) if error.kind() == ErrorKind::Unknown => Ok(Operand::Unknown(error.at(place))),
        Err(error) => Err(error.at(place)),
        operand => operand,
    }
}

/// Three-valued logic, and a fourth value for what is unknown: a side that decides makes the other one irrelevant.
fn logical(operator: BinaryOperator, left: Operand, right: Operand) -> Operand {
    let deciding = operator == BinaryOperator::Or;
    let truth = |operand: &Operand| match operand {
        Operand::Known(value) => value.as_bool(),
        Operand::Unknown(_) => None,
    };
    if truth(&left) == Some(deciding) || truth(&right) == Some(deciding) {
        return Operand::Known(Value::bool(deciding));
    }
    match (left, right) {
        (unknown @ Operand::Unknown(_), _) | (_, unknown @ Operand::Unknown(_)) => unknown,
        (Operand::Known(left), Operand::Known(right)) if left.is_null() || right.is_null() => {
            Operand::Known(Value::null(DataType::Bool))
        }
        _ => Operand::Known(Value::bool(!deciding)),
    }
}
