//! The types of all nodes, before anything is computed.
//!
//! SSIS checks an expression as a whole: a wrong type in the branch that is not chosen is an error too. Children come
//! before their parents, so one pass over the nodes is enough.

use super::arithmetic;
use super::casts::{self, Surroundings};
use super::codes::Code;
use super::compare;
use super::error::Error;
use super::evaluate::{Machine, Operand};
use super::functions::{DatePart, Function, Parameter};
use super::nearest::nearest;
use super::operator::BinaryOperator;
use super::promotion::common_branch;
use super::scope::{Lookup, Scope};
use super::text::utf16_length;
use super::tree::{Call, Column, Expression, Name, NodeId, NodeKind, TypeSpec};
use super::type_spec::TypeUse;
use super::types::{DataType, TypeName};
use super::value::Value;

/// The types of an expression's nodes, and what the scope said of its names.
pub(super) struct Checked<'e, 's, 'a> {
    pub(super) expression: &'e Expression<'s>,
    scope: &'a dyn Scope,
    pub(super) around: Surroundings<'a>,
    types: Vec<DataType>,
    /// Ascending by node.
    found: Vec<(NodeId, Operand)>,
    /// The node whose value is the value of the expression; only there is `DT_STR` more than `DT_WSTR`.
    root: NodeId,
}

impl<'e, 's, 'a> Checked<'e, 's, 'a> {
    pub(super) fn new(
        expression: &'e Expression<'s>,
        scope: &'a dyn Scope,
    ) -> Result<Checked<'e, 's, 'a>, Error> {
        let mut checked = Checked {
            expression,
            scope,
            around: Surroundings::of_scope(scope),
            types: Vec::with_capacity(expression.len()),
            found: Vec::new(),
            root: expression.inner_root(),
        };
        for node in expression.nodes() {
            let id = node.id();
            let data_type = checked
                .node(id, node.kind())
                .map_err(|error| error.at(node.span()))?;
            checked.types.push(data_type);
        }
        Ok(checked)
    }

    /// The type of the whole.
    pub(super) fn result(&self) -> DataType {
        self.type_of(self.expression.root_id())
    }

    /// A machine that computes any node that has been checked.
    pub(super) fn machine(&self) -> Machine<'_, 's> {
        Machine::new(self.expression, &self.types, &self.found, self.around)
    }

    pub(super) fn type_of(&self, id: NodeId) -> DataType {
        self.types
            .get(id.index())
            .copied()
            .unwrap_or(DataType::Bool)
    }

    /// The names and columns below a node whose values are unknown, from left to right.
    pub(super) fn unknown_below(&self, id: NodeId) -> impl Iterator<Item = String> {
        let whole = self.expression.span(id);
        let is_unknown = |operand: &Operand| matches!(operand, Operand::Unknown(_));
        let below = self.found.iter().filter(move |(node, operand)| {
            is_unknown(operand) && whole.contains(self.expression.span(*node))
        });
        below.filter_map(|&(node, _)| match self.expression.kind(node) {
            Some(NodeKind::Name(name)) => Some(name.to_string()),
            Some(NodeKind::Column(column)) => Some(column.to_string()),
            _ => None,
        })
    }

    fn node(&mut self, id: NodeId, kind: &NodeKind<'s>) -> Result<DataType, Error> {
        match *kind {
            NodeKind::Text(ref text) => Ok(DataType::Wstr {
                length: utf16_length(&text.text),
            }),
            NodeKind::Constant(ref value) => Ok(value.data_type()),
            NodeKind::Name(ref name) => self.name(id, name),
            NodeKind::Column(ref column) => self.column(id, column),
            NodeKind::Null(spec) => self.data_type(spec, TypeUse::Null),
            NodeKind::Group(inner) => Ok(self.type_of(inner)),
            NodeKind::Unary(operator, operand) => {
                arithmetic::unary_type(operator, self.type_of(operand))
            }
            NodeKind::Binary(operator, left, right) => self.binary(operator, left, right),
            NodeKind::Cast(spec, operand) => self.cast(id, spec, operand),
            NodeKind::Conditional(condition, left, right) => {
                self.conditional(condition, left, right)
            }
            NodeKind::Call(call) => self.call(call),
            NodeKind::Assignment(target, value) => self.assignment(target, value),
        }
    }

    fn name(&mut self, id: NodeId, name: &Name<'s>) -> Result<DataType, Error> {
        let error = |code, message| Err(Error::name(code, message));
        match self.scope.variable(name) {
            Lookup::Found(value) => Ok(self.keep(id, value)),
            Lookup::Unknown { data_type, reason } => {
                let what = format!("`{}`", self.expression.slice(name.span));
                self.keep_unknown(id, data_type, Error::unknown(&what, reason))
            }
            Lookup::Missing => Err(self.missing_variable(name)),
            Lookup::Ambiguous => {
                let message = format!("several variables have the name `{name}`");
                let error = Error::name(Code::AmbiguousVariable, message);
                Err(error.with_help("name the namespace, as in `@[User::Name]`"))
            }
            Lookup::UnsupportedType => error(
                Code::VariableTypeNotSupported,
                format!("the variable `{name}` has a type that expressions do not know"),
            ),
            Lookup::Unreadable(why) => error(
                Code::VariableNotReadable,
                format!("`{name}` cannot be read: {why}"),
            ),
        }
    }

    fn column(&mut self, id: NodeId, column: &Column<'s>) -> Result<DataType, Error> {
        match self.scope.column(column) {
            None => Err(no_columns(column)),
            Some(Lookup::Found(value)) => Ok(self.keep(id, value)),
            Some(Lookup::Unknown { data_type, reason }) => {
                let what = format!("the column `{column}`");
                self.keep_unknown(id, data_type, Error::unknown(&what, reason))
            }
            Some(Lookup::Ambiguous) => {
                let message = format!("several components have a column `{column}`");
                let error = Error::name(Code::AmbiguousColumn, message);
                Err(error.with_help("name the component, as in `[Source].[Column]`"))
            }
            Some(_) => Err(missing_column(column)),
        }
    }

    /// Keeps the value of a node for its evaluation, and gives its type.
    fn keep(&mut self, id: NodeId, value: Value) -> DataType {
        // Inside an expression there is no DT_STR.
        let value = match value.data_type() {
            DataType::Str { length, .. } => value.retyped(DataType::Wstr { length }),
            _ => value,
        };
        let data_type = value.data_type();
        self.found.push((id, Operand::Known(value)));
        data_type
    }

    /// Keeps that the value of a node is unknown; without a type, nothing can be said of the expression.
    fn keep_unknown(
        &mut self,
        id: NodeId,
        data_type: Option<DataType>,
        error: Error,
    ) -> Result<DataType, Error> {
        let error = error.at(self.expression.span(id));
        match data_type {
            Some(data_type) => {
                self.found.push((id, Operand::Unknown(error)));
                Ok(data_type)
            }
            None => Err(error),
        }
    }

    fn missing_variable(&self, name: &Name<'_>) -> Error {
        let shown = name.to_string();
        let error = Error::name(
            Code::VariableNotFound,
            format!("the variable `{shown}` was not found"),
        );
        let names = self.scope.variable_names();
        let candidates = names.iter().map(|full| match name.namespace {
            Some(_) => full.as_str(),
            None => full
                .split_once("::")
                .map_or(full.as_str(), |(_, name)| name),
        });
        match nearest(&shown, candidates) {
            Some(found) => error.with_help(format!("did you mean `@[{found}]`?")),
            None => error,
        }
    }

    fn binary(
        &mut self,
        operator: BinaryOperator,
        left: NodeId,
        right: NodeId,
    ) -> Result<DataType, Error> {
        for operand in [left, right] {
            if matches!(self.type_of(operand), DataType::Str { .. }) {
                return Err(
                    null_string(Code::BinaryStrNotSupported, &format!("`{operator}`"))
                        .at(self.expression.span(operand)),
                );
            }
        }
        let (a, b) = (self.type_of(left), self.type_of(right));
        if operator.is_comparison() {
            compare::check(operator, a, b)?;
            return Ok(DataType::Bool);
        }
        let result = arithmetic::binary_type(operator, a, b)?;
        // A constant zero on the right fails validation, whether the branch is taken or not.
        let divides = matches!(operator, BinaryOperator::Divide | BinaryOperator::Modulo);
        if divides
            && self.expression.is_constant(right)
            && let Operand::Known(divisor) = self.machine().run(right)?
            && arithmetic::is_zero(&divisor)
        {
            return Err(arithmetic::divide_by_zero(operator).at(self.expression.span(right)));
        }
        Ok(result)
    }

    fn cast(&mut self, id: NodeId, spec: TypeSpec, operand: NodeId) -> Result<DataType, Error> {
        let to = match self.data_type(spec, TypeUse::Cast)? {
            DataType::Str { length, .. } if id != self.root => DataType::Wstr { length },
            to => to,
        };
        let from = self.type_of(operand);
        if !casts::is_legal(from.name(), to.name()) {
            return Err(casts::illegal(from, to));
        }
        Ok(to)
    }

    fn conditional(
        &self,
        condition: NodeId,
        left: NodeId,
        right: NodeId,
    ) -> Result<DataType, Error> {
        let of = self.type_of(condition);
        if of != DataType::Bool {
            let error = Error::typing(
                Code::ConditionNotBoolean,
                format!("the condition is {}, not DT_BOOL", of.name()),
            )
            .with_help("compare it: `… != 0`");
            return Err(error.at(self.expression.span(condition)));
        }
        for branch in [left, right] {
            if matches!(self.type_of(branch), DataType::Str { .. }) {
                return Err(null_string(Code::ConditionalStrNotSupported, "`? :`")
                    .at(self.expression.span(branch)));
            }
        }
        let (left, right) = (self.type_of(left), self.type_of(right));
        common_branch(left, right).ok_or_else(|| {
            let message = format!(
                "`? :` cannot give {} in one case and {} in the other",
                left.name(),
                right.name()
            );
            Error::typing(Code::ConditionalTypeMismatch, message)
                .with_help("cast one of the two to the type of the other")
        })
    }

    fn call(&mut self, call: Call) -> Result<DataType, Error> {
        let expression = self.expression;
        let Some(function) = call.function else {
            return Err(unknown_function(expression.slice(call.name)).at(call.name));
        };
        let arguments = expression.list(call.arguments);
        let parameters = function.parameters();
        if arguments.len() != parameters.len() {
            return Err(function.wrong_count(arguments.len()));
        }
        let types: Vec<DataType> = arguments.iter().map(|&id| self.type_of(id)).collect();
        let result = function.result(&types).map_err(|(at, error)| {
            let place = arguments.get(at).map(|&id| expression.span(id));
            error.at(place.unwrap_or(call.name))
        })?;
        for (at, (&parameter, &argument)) in parameters.iter().zip(arguments).enumerate() {
            self.static_argument(function, parameter, at, argument)
                .map_err(|error| error.at(expression.span(argument)))?;
        }
        if let (true, Some(&argument)) = (function.is_part_of_date(), arguments.first()) {
            self.date_literal(function, argument)?;
        }
        Ok(result)
    }

    /// A date part and the number of `DATEADD` must not depend on a column, and the part must be one.
    fn static_argument(
        &self,
        function: Function,
        parameter: Parameter,
        at: usize,
        argument: NodeId,
    ) -> Result<(), Error> {
        let (code, what) = match parameter {
            Parameter::DatePart => (Code::DatePartNotStatic, "the date part"),
            Parameter::StaticInteger => (Code::FunctionParameterNotStatic, "the number"),
            _ => return Ok(()),
        };
        if self.expression.has_column(argument) {
            let message = format!(
                "{what}, parameter {} of {function}, cannot depend on a column",
                at + 1
            );
            return Err(Error::typing(code, message));
        }
        if parameter == Parameter::DatePart {
            let known = match self.expression.kind(argument) {
                Some(NodeKind::Text(text)) => DatePart::from_name(&text.text, function).is_some(),
                _ => match self.machine().run(argument)? {
                    Operand::Known(value) => value
                        .as_str()
                        .is_none_or(|name| DatePart::from_name(name, function).is_some()),
                    Operand::Unknown(_) => true,
                },
            };
            if !known {
                return Err(DatePart::unknown(function));
            }
        }
        Ok(())
    }

    /// `DAY`, `MONTH` and `YEAR` refuse a literal that is cast to one of the newer types, as their pages say.
    fn date_literal(&self, function: Function, argument: NodeId) -> Result<(), Error> {
        let expression = self.expression;
        let mut inner = argument;
        while let Some(&NodeKind::Group(next)) = expression.kind(inner) {
            inner = next;
        }
        let Some(&NodeKind::Cast(spec, operand)) = expression.kind(inner) else {
            return Ok(());
        };
        let newer = matches!(
            spec.name,
            TypeName::DbTimestamp2 | TypeName::DbTimestampOffset
        );
        if newer && matches!(expression.kind(operand), Some(NodeKind::Text(_))) {
            let message = format!(
                "{function} does not take a literal that is cast to {}",
                spec.name
            );
            return Err(Error::typing(Code::ParameterTypeMismatch, message)
                .with_help("cast it to DT_DBTIMESTAMP")
                .at(expression.span(argument)));
        }
        Ok(())
    }

    fn assignment(&self, target: NodeId, value: NodeId) -> Result<DataType, Error> {
        let (to, from) = (self.type_of(target), self.type_of(value));
        if to.is_string() && from.is_string() {
            return Ok(from);
        }
        let alike = to.name() == from.name()
            || (to.is_numeric() && from.is_numeric())
            || (to.is_temporal() && from.is_temporal());
        if alike && casts::is_legal(from.name(), to.name()) {
            return Ok(to);
        }
        let message = format!(
            "{} cannot be assigned to a variable of {}",
            from.name(),
            to.name()
        );
        Err(Error::typing(Code::AssignmentTypeMismatch, message)
            .with_help("cast it to the type of the variable")
            .at(self.expression.span(value)))
    }
}

/// `NULL(DT_STR,…)` below an operator. Every other `DT_STR` has become a `DT_WSTR` before.
fn null_string(code: Code, operator: &str) -> Error {
    Error::typing(code, format!("{operator} does not take NULL(DT_STR,…)"))
        .with_help("inside an expression, NULL(DT_WSTR,…) is a null string")
}

fn unknown_function(name: &str) -> Error {
    let error = Error::name(
        Code::InvalidFunction,
        format!("there is no function `{name}`"),
    );
    let instead = match name.to_ascii_uppercase().as_str() {
        "IIF" | "IF" | "CASE" => "write a condition as `condition ? then : otherwise`",
        "HOUR" | "MINUTE" | "SECOND" => "write `DATEPART(\"hh\", …)`, `\"mi\"` or `\"ss\"`",
        "CONVERT" | "CAST" | "STR" | "CSTR" | "TOSTRING" | "FORMAT" => {
            "write a cast, as in `(DT_WSTR,30)…`"
        }
        "CHARINDEX" | "INSTR" => "write `FINDSTRING(text, wanted, 1)`",
        "COALESCE" | "NVL" | "IFNULL" => "write `REPLACENULL(value, instead)`",
        "CONCAT" => "join strings with `+`",
        "NOW" | "SYSDATETIME" | "TODAY" => "write `GETDATE()`",
        _ => {
            let names = Function::ALL.iter().map(|function| function.name());
            return match nearest(name, names) {
                Some(found) => error.with_help(format!("did you mean `{found}`?")),
                None => error,
            };
        }
    };
    error.with_help(instead)
}

/// A column where there are none: outside the data flow it is taken for a variable without its `@`.
fn no_columns(column: &Column<'_>) -> Error {
    match column {
        Column::LineageId(_) => Error::name(
            Code::NoColumnsForLineageId,
            format!("`{column}` means a column, and there are no columns here"),
        ),
        Column::Named { .. } => Error::name(
            Code::NoColumnsForName,
            format!("`{column}` means nothing here"),
        )
        .with_help("a variable is written with `@`, a text in quotation marks"),
    }
}

fn missing_column(column: &Column<'_>) -> Error {
    let code = match column {
        Column::LineageId(_) => Code::LineageIdNotFound,
        Column::Named {
            source: Some(_), ..
        } => Code::QualifiedColumnNotFound,
        Column::Named { source: None, .. } => Code::ColumnNotFound,
    };
    Error::name(code, format!("the column `{column}` was not found"))
}

impl Expression<'_> {
    /// The type that the expression has in a scope.
    ///
    /// # Errors
    ///
    /// A name that the scope does not know, types that do not fit, a wrong number of arguments, a parameter that must
    /// be static and is not, a constant division by zero; or a name whose type the scope cannot tell.
    pub fn check(&self, scope: &dyn Scope) -> Result<DataType, Error> {
        Checked::new(self, scope).map(|checked| checked.result())
    }

    /// The value that the expression has in a scope.
    ///
    /// For an assignment it is the value as the variable's type holds it; storing it is the caller's business (see
    /// [`Expression::assigned`]).
    ///
    /// # Errors
    ///
    /// Whatever [`check`](Expression::check) finds, and what has no value: a division by zero, a cast that fails, an
    /// overflow, an argument out of range; or a value that depends on something the scope does not know.
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, Error> {
        let checked = Checked::new(self, scope)?;
        match checked.machine().run(self.root_id())? {
            Operand::Known(value) => Ok(value),
            Operand::Unknown(error) => Err(error),
        }
    }
}
