//! Resolve, compose, deliver: a Send Mail task as a message on its way.
