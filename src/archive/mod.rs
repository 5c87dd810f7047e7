//! A zip as bytes: members under limits, put back with some replaced.
