//! What the tests of `mail` share: a clock that stands, random bytes that count, messages, and mail servers that do
//! what a test tells them to. Everything is on loopback; a server gives up after ten seconds by itself.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use dtsx::host::{Clock, Random, RealFiles};
use dtsx::mail::deliver::{Outcome, Server, Session, Timeouts};
use dtsx::mail::{Composed, Limits, MailMessage, Tools, compose};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Tuesday, 24 November 2026, nine in the morning in a zone of +01:00.
pub struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> jiff::ZonedDateTime {
        "2026-11-24T09:00:00+01:00[+01:00]".parse().unwrap()
    }
}

/// Sixteen bytes that all are 1, then 2, and so on.
#[derive(Default)]
pub struct Counting(AtomicU8);

impl Random for Counting {
    fn bytes(&self) -> [u8; 16] {
        [self.0.fetch_add(1, Ordering::Relaxed) + 1; 16]
    }
}

pub fn composed(message: &MailMessage) -> Composed {
    try_compose(message).unwrap()
}

pub fn try_compose(message: &MailMessage) -> Result<Composed, dtsx::mail::Problem> {
    let random = Counting::default();
    let tools = Tools {
        files: &RealFiles,
        clock: &StoppedClock,
        random: &random,
        limits: Limits::default(),
    };
    compose(message, tools)
}

pub fn bytes(composed: &Composed) -> Vec<u8> {
    let mut bytes = Vec::new();
    composed.reader(&RealFiles).read_to_end(&mut bytes).unwrap();
    bytes
}

/// A message for three recipients, each on another line.
pub fn message() -> MailMessage {
    MailMessage {
        from: "Nightly <etl@corp.example>".to_owned(),
        to: "ops@corp.example".to_owned(),
        cc: "lead@corp.example".to_owned(),
        bcc: "audit@corp.example".to_owned(),
        subject: "load finished".to_owned(),
        body: "rows: 42\nall is well\n".to_owned(),
        ..MailMessage::default()
    }
}

/// Long enough for a busy machine, where a test does not wait for it.
pub const PATIENT: Timeouts = Timeouts {
    delivery: Duration::from_secs(60),
    quit: Duration::from_secs(10),
};

/// Short, where a test waits for it to pass; long enough to get to any step on a busy machine.
pub const HURRIED: Timeouts = Timeouts {
    delivery: Duration::from_millis(1500),
    quit: Duration::from_millis(100),
};

pub fn session(server: Server, timeouts: Timeouts) -> Session {
    Session::new(server, "etl01.corp.example".to_owned(), timeouts)
}

pub fn deliver(session: &mut Session, message: &MailMessage) -> Outcome {
    let composed = composed(message);
    let mut reader = composed.reader(&RealFiles);
    session.deliver(&composed.envelope, composed.size(), &mut reader)
}

/// What a server has got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Lines that were commands, without their line ends.
    pub commands: Vec<String>,
    /// What came after `DATA`, with stuffed dots, up to and with the final one.
    pub messages: Vec<Vec<u8>>,
    /// What came last and was neither a complete line nor a complete message.
    pub rest: Vec<u8>,
}

impl Log {
    pub fn has(&self, verb: &str) -> bool {
        self.commands.iter().any(|line| line.starts_with(verb))
    }
}

/// A server for a fixed number of connections, one after the other.
pub struct Scripted {
    pub port: u16,
    log: Arc<Mutex<Log>>,
    thread: JoinHandle<()>,
}

impl Scripted {
    /// Runs the script on every connection. An error ends the connection, and is the client's doing.
    pub fn start(
        connections: usize,
        script: impl Fn(usize, &mut Peer) -> io::Result<()> + Send + 'static,
    ) -> Scripted {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Arc::new(Mutex::new(Log::default()));
        let theirs = Arc::clone(&log);
        let thread = std::thread::spawn(move || {
            for number in 0..connections {
                let (stream, _) = listener.accept().unwrap();
                stream
                    .set_read_timeout(Some(Duration::from_secs(10)))
                    .unwrap();
                let mut peer = Peer {
                    stream: PeerStream::Clear(stream),
                    log: Arc::clone(&theirs),
                };
                let _ = script(number, &mut peer);
            }
        });
        Scripted { port, log, thread }
    }

    pub fn once(script: impl Fn(&mut Peer) -> io::Result<()> + Send + 'static) -> Scripted {
        Scripted::start(1, move |_, peer| script(peer))
    }

    pub fn server(&self) -> Server {
        Server::new("127.0.0.1", self.port)
    }

    /// Waits for the script to end, and gives what came. The client must have gone by then.
    pub fn log(self) -> Log {
        self.thread.join().unwrap();
        self.log.lock().unwrap().clone()
    }
}

/// The client, as the server's script sees it.
pub struct Peer {
    stream: PeerStream,
    log: Arc<Mutex<Log>>,
}

enum PeerStream {
    Clear(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
    Gone,
}

impl Peer {
    pub fn say(&mut self, text: &str) -> io::Result<()> {
        let text = text.replace('\n', "\r\n");
        self.say_bytes(text.as_bytes())
    }

    pub fn say_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.stream {
            PeerStream::Clear(stream) => stream.write_all(bytes),
            PeerStream::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
            PeerStream::Gone => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match &mut self.stream {
            PeerStream::Clear(stream) => stream.read(bytes),
            PeerStream::Tls(stream) => stream.read(bytes),
            PeerStream::Gone => Ok(0),
        }
    }

    fn until(&mut self, end: &[u8]) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        while !all.ends_with(end) {
            let mut byte = [0];
            if self.read(&mut byte).unwrap_or(0) == 0 {
                self.log.lock().unwrap().rest = all;
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            all.push(byte[0]);
        }
        Ok(all)
    }

    /// The next command, which goes into the log.
    pub fn line(&mut self) -> io::Result<String> {
        let line = self.until(b"\n")?;
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        self.log.lock().unwrap().commands.push(line.clone());
        Ok(line)
    }

    /// A message up to its final dot, which goes into the log. It must not be empty.
    pub fn message(&mut self) -> io::Result<()> {
        let message = self.until(b"\r\n.\r\n")?;
        self.log.lock().unwrap().messages.push(message);
        Ok(())
    }

    /// Shakes hands as a TLS server.
    pub fn handshake(&mut self, config: Arc<ServerConfig>) -> io::Result<()> {
        let PeerStream::Clear(mut stream) = std::mem::replace(&mut self.stream, PeerStream::Gone)
        else {
            panic!("TLS is there already");
        };
        let mut connection = ServerConnection::new(config).unwrap();
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        self.stream = PeerStream::Tls(Box::new(StreamOwned::new(connection, stream)));
        Ok(())
    }

    /// Says nothing more, until the client goes.
    pub fn hold(&mut self) -> io::Result<()> {
        let mut rest = Vec::new();
        let mut chunk = [0; 4096];
        while let Ok(read @ 1..) = self.read(&mut chunk) {
            rest.extend_from_slice(&chunk[..read]);
        }
        self.log.lock().unwrap().rest = rest;
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    /// Closes the connection in order.
    pub fn close(&mut self) -> io::Result<()> {
        match &mut self.stream {
            PeerStream::Clear(stream) => stream.shutdown(Shutdown::Both),
            PeerStream::Tls(stream) => {
                stream.conn.send_close_notify();
                let _ = stream.flush();
                stream.sock.shutdown(Shutdown::Both)
            }
            PeerStream::Gone => Ok(()),
        }?;
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    /// Resets the connection: what is closed while input is waiting in it is reset by the system.
    pub fn reset(&mut self) -> io::Result<()> {
        let stream = match &self.stream {
            PeerStream::Clear(stream) => stream,
            PeerStream::Tls(stream) => &stream.sock,
            PeerStream::Gone => return Ok(()),
        };
        // Waits for the input, unless there is none to come.
        stream.set_read_timeout(Some(Duration::from_millis(200)))?;
        let _ = stream.peek(&mut [0]);
        self.stream = PeerStream::Gone;
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    /// Speaks as an ordinary relay does until `QUIT`. `answer` may answer a command in another way.
    pub fn relay(
        &mut self,
        extensions: &str,
        mut answer: impl FnMut(&mut Peer, &str) -> io::Result<Answered>,
    ) -> io::Result<()> {
        loop {
            let line = self.line()?;
            if matches!(answer(self, &line)?, Answered::Yes) {
                continue;
            }
            let verb = line.split([' ', ':']).next().unwrap_or_default();
            match verb {
                "EHLO" => self.say(&format!("250-relay.example\n{extensions}250 HELP\n"))?,
                "HELO" | "MAIL" | "RCPT" | "RSET" => self.say("250 ok\n")?,
                "DATA" => {
                    self.say("354 go on\n")?;
                    self.message()?;
                    if matches!(answer(self, ".")?, Answered::No) {
                        self.say("250 taken\n")?;
                    }
                }
                "QUIT" => {
                    self.say("221 bye\n")?;
                    return Ok(());
                }
                _ => self.say("500 what?\n")?,
            }
        }
    }
}

/// Whether a script has answered a command itself.
pub enum Answered {
    Yes,
    No,
}

/// Nothing is answered in another way.
pub fn plainly(_: &mut Peer, _: &str) -> io::Result<Answered> {
    Ok(Answered::No)
}
