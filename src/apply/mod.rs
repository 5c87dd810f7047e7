//! The only writer of user files: batches, journal, verification, undo.
