//! Rules over cases of `fixtures/lint`, and what is true of all of them.

mod case;
mod ci;
mod command;
mod configuration;
mod corpus;
mod fixes;
mod known;
mod outputs;
mod pages;
mod places;
mod reading;
mod rules;
