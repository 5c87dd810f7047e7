//! Rules over cases of `fixtures/lint`, and what is true of all of them.

mod case;
mod command;
mod corpus;
mod fixes;
mod outputs;
mod pages;
mod rules;
