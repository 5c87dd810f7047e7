//! `key=value;` pairs with their places, and the connection string of the SMTP connection manager.
