//! An SMTP server inside the process that keeps what it gets.
//!
//! It listens on loopback, at a port that the system chooses, and speaks the protocol: what it offers it does, and
//! what a real server would refuse it refuses. A message is kept as it was before its dots were stuffed.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A message that was captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// The address of `MAIL FROM`.
    pub sender: String,
    /// The addresses of `RCPT TO`, in order.
    pub recipients: Vec<String>,
    /// The message as it was composed.
    pub message: Vec<u8>,
}

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct Capture {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    messages: Vec<Captured>,
    /// Open connections, to be ended with the server.
    open: Vec<TcpStream>,
    ended: bool,
}

/// The most bytes of a message, and of all that are kept.
const MOST_BYTES: u64 = 256 << 20;
const MOST_RECIPIENTS: usize = 10_000;
const MOST_CONNECTIONS: usize = 16;
const MOST_ERRORS: usize = 50;
const LONGEST_COMMAND: u64 = 4096;
const PATIENCE: Duration = Duration::from_secs(60);

impl Capture {
    /// Starts to listen.
    ///
    /// # Errors
    ///
    /// Whatever the system says to a socket or a thread.
    pub fn start() -> io::Result<Capture> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Mutex::new(Shared::default()));
        let theirs = Arc::clone(&shared);
        let listener = std::thread::Builder::new()
            .name("capture".to_owned())
            .spawn(move || listen(&listener, &theirs))?;
        Ok(Capture {
            address,
            shared,
            listener: Some(listener),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The messages that came since this was asked last. A message is here before its sender has the answer to it.
    pub fn take(&self) -> Vec<Captured> {
        std::mem::take(&mut lock(&self.shared).messages)
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        {
            let mut shared = lock(&self.shared);
            shared.ended = true;
            for stream in shared.open.drain(..) {
                // It may have ended by itself.
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
        // Wakes the listener; where that fails it is left behind, and ends with the process.
        if TcpStream::connect(self.address).is_ok()
            && let Some(listener) = self.listener.take()
        {
            let _ = listener.join();
        }
    }
}

/// Nothing that panics runs while the lock is held.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn listen(listener: &TcpListener, shared: &Arc<Mutex<Shared>>) {
    for stream in listener.incoming() {
        let mut guard = lock(shared);
        if guard.ended {
            return;
        }
        let Ok(stream) = stream else { continue };
        guard.open.retain(|open| open.peer_addr().is_ok());
        let Ok(ours) = stream.try_clone() else {
            continue;
        };
        if guard.open.len() >= MOST_CONNECTIONS {
            continue;
        }
        guard.open.push(ours);
        drop(guard);
        let shared = Arc::clone(shared);
        // Without a thread the connection is dropped, and its client sees that.
        let _ = std::thread::Builder::new()
            .name("capture connection".to_owned())
            .spawn(move || {
                // A client that goes away is its own affair.
                let _ = Dialogue::new(&stream, shared).and_then(|mut dialogue| dialogue.run());
                let _ = stream.shutdown(Shutdown::Both);
            });
    }
}

struct Dialogue<'s> {
    input: BufReader<&'s TcpStream>,
    output: &'s TcpStream,
    shared: Arc<Mutex<Shared>>,
    greeted: bool,
    transaction: Option<Transaction>,
    errors: usize,
}

#[derive(Default)]
struct Transaction {
    sender: String,
    recipients: Vec<String>,
    smtputf8: bool,
}

enum Next {
    Go,
    End,
}

impl<'s> Dialogue<'s> {
    fn new(stream: &'s TcpStream, shared: Arc<Mutex<Shared>>) -> io::Result<Dialogue<'s>> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Dialogue {
            input: BufReader::new(stream),
            output: stream,
            shared,
            greeted: false,
            transaction: None,
            errors: 0,
        })
    }

    fn run(&mut self) -> io::Result<()> {
        self.say("220 capture ESMTP")?;
        loop {
            let mut line = Vec::new();
            (&mut self.input)
                .take(LONGEST_COMMAND)
                .read_until(b'\n', &mut line)?;
            if line.is_empty() {
                return Ok(());
            }
            let Some(line) = line.strip_suffix(b"\r\n") else {
                // Too long, or not ended as lines are: what follows cannot be told from it.
                return self.say("500 5.5.2 a command is a line that ends in CR LF");
            };
            let next = match std::str::from_utf8(line) {
                Ok(line) => self.command(line)?,
                Err(_) => self.refuse("500 5.5.2 not UTF-8")?,
            };
            if matches!(next, Next::End) {
                return Ok(());
            }
        }
    }

    fn command(&mut self, line: &str) -> io::Result<Next> {
        let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" if argument.trim().is_empty() => self.refuse("501 5.5.4 who is there?"),
            "EHLO" => {
                self.greeted = true;
                self.transaction = None;
                self.accept(&format!(
                    "250-capture\r\n250-SIZE {MOST_BYTES}\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 PIPELINING"
                ))
            }
            "HELO" => {
                self.greeted = true;
                self.transaction = None;
                self.accept("250 capture")
            }
            "MAIL" => self.mail(argument),
            "RCPT" => self.rcpt(argument),
            "DATA" => self.data(),
            "RSET" => {
                self.transaction = None;
                self.accept("250 2.0.0 ok")
            }
            "NOOP" => self.accept("250 2.0.0 ok"),
            "VRFY" => self.accept("252 2.5.0 send it and see"),
            "QUIT" => {
                self.say("221 2.0.0 bye")?;
                Ok(Next::End)
            }
            _ => self.refuse("500 5.5.1 unknown command"),
        }
    }

    fn mail(&mut self, argument: &str) -> io::Result<Next> {
        if !self.greeted || self.transaction.is_some() {
            return self.refuse("503 5.5.1 not now");
        }
        let Some((sender, parameters)) = path(argument, "FROM:") else {
            return self.refuse("501 5.5.4 MAIL FROM:<address> was expected");
        };
        let mut transaction = Transaction {
            sender: sender.to_owned(),
            ..Transaction::default()
        };
        for parameter in parameters.split_ascii_whitespace() {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match name.to_ascii_uppercase().as_str() {
                "SIZE" => match value.parse::<u64>() {
                    Ok(size) if size <= MOST_BYTES => {}
                    Ok(_) => return self.refuse("552 5.3.4 too large"),
                    Err(_) => return self.refuse("501 5.5.4 SIZE needs a number"),
                },
                "BODY" if value.eq_ignore_ascii_case("7BIT") => {}
                "BODY" if value.eq_ignore_ascii_case("8BITMIME") => {}
                "SMTPUTF8" if value.is_empty() => transaction.smtputf8 = true,
                _ => return self.refuse("555 5.5.4 unknown parameter"),
            }
        }
        if !sender.is_ascii() && !transaction.smtputf8 {
            return self.refuse("553 5.6.7 that needs SMTPUTF8");
        }
        self.transaction = Some(transaction);
        self.accept("250 2.1.0 ok")
    }

    fn rcpt(&mut self, argument: &str) -> io::Result<Next> {
        let Some(transaction) = &mut self.transaction else {
            return self.refuse("503 5.5.1 MAIL comes first");
        };
        match path(argument, "TO:") {
            Some((recipient, "")) if !recipient.is_empty() => {
                if !recipient.is_ascii() && !transaction.smtputf8 {
                    return self.refuse("553 5.6.7 that needs SMTPUTF8");
                }
                if transaction.recipients.len() == MOST_RECIPIENTS {
                    return self.refuse("452 4.5.3 too many recipients");
                }
                transaction.recipients.push(recipient.to_owned());
                self.accept("250 2.1.5 ok")
            }
            _ => self.refuse("501 5.5.4 RCPT TO:<address> was expected"),
        }
    }

    fn data(&mut self) -> io::Result<Next> {
        let transaction = match self.transaction.take() {
            Some(transaction) if !transaction.recipients.is_empty() => transaction,
            other => {
                self.transaction = other;
                return self.refuse("503 5.5.1 RCPT comes first");
            }
        };
        self.say("354 end with a dot on a line of its own")?;
        let Some(message) = self.message()? else {
            return self.refuse("552 5.3.4 too large");
        };
        {
            let mut shared = lock(&self.shared);
            let kept: usize = shared.messages.iter().map(|it| it.message.len()).sum();
            if (kept + message.len()) as u64 <= MOST_BYTES {
                shared.messages.push(Captured {
                    sender: transaction.sender,
                    recipients: transaction.recipients,
                    message,
                });
            } else {
                drop(shared);
                return self.refuse("452 4.3.1 no more room");
            }
        }
        self.accept("250 2.0.0 captured")
    }

    /// Everything up to the final dot, the stuffed dots taken out; `None` when it is too much, after it was read to
    /// its end. Only CR LF ends a line.
    fn message(&mut self) -> io::Result<Option<Vec<u8>>> {
        let (mut message, mut too_large) = (Vec::new(), false);
        let (mut line_start, mut after_cr) = (true, false);
        let mut piece = Vec::new();
        loop {
            piece.clear();
            let read = (&mut self.input)
                .take(LONGEST_COMMAND)
                .read_until(b'\n', &mut piece)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line_start && piece == b".\r\n" {
                return Ok((!too_large).then_some(message));
            }
            let text = match piece.strip_prefix(b".") {
                Some(stuffed) if line_start => stuffed,
                _ => &piece,
            };
            if (message.len() + text.len()) as u64 > MOST_BYTES {
                too_large = true;
            } else {
                message.extend_from_slice(text);
            }
            line_start = piece.ends_with(b"\r\n") || (after_cr && piece == b"\n");
            after_cr = piece.ends_with(b"\r");
        }
    }

    fn accept(&mut self, reply: &str) -> io::Result<Next> {
        self.say(reply).map(|()| Next::Go)
    }

    fn refuse(&mut self, reply: &str) -> io::Result<Next> {
        self.errors += 1;
        if self.errors > MOST_ERRORS {
            self.say("421 4.7.0 too many errors")?;
            return Ok(Next::End);
        }
        self.accept(reply)
    }

    fn say(&mut self, reply: &str) -> io::Result<()> {
        self.output.write_all(format!("{reply}\r\n").as_bytes())
    }
}

/// The address between `<` and `>` behind the keyword, and what follows; a `>` inside quotes belongs to the address.
fn path<'a>(argument: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let (start, rest) = argument.split_at_checked(keyword.len())?;
    if !start.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let rest = rest.trim_start().strip_prefix('<')?;
    let (mut in_quotes, mut escaped) = (false, false);
    let end = rest.char_indices().find_map(|(at, character)| {
        match character {
            _ if escaped => escaped = false,
            '\\' if in_quotes => escaped = true,
            '"' => in_quotes = !in_quotes,
            '>' if !in_quotes => return Some(at),
            _ => {}
        }
        None
    })?;
    let (address, rest) = rest.split_at_checked(end)?;
    Some((address, rest.strip_prefix('>')?.trim()))
}
