//! One SMTP connection, byte by byte.
//!
//! Our own, because what other clients offer cannot be made safe from outside: they keep bytes that came in clear
//! before STARTTLS and take them for answers given under TLS, read lines without end, time every call instead of the
//! whole, and take any `2xx` for the one that is due. Here
//! - a reply is read within bounds, by [`ReplyReader`];
//! - one deadline holds for everything until it is set anew;
//! - a byte that no command asked for ends the connection, looked for before every command, above all between the
//!   `220` to STARTTLS and the handshake; and the handshake starts with an empty buffer in any case;
//! - a command is one line, and a message leaves through [`DataFilter`] alone.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use zeroize::Zeroizing;

use super::data::DataFilter;
use super::fault::{Fault, FaultKind, Step};
use super::reply::{LONGEST_CHALLENGE, LONGEST_LINE, Reply, ReplyProblem, ReplyReader};
use super::tls;
use super::trace::{Trace, Traced};
use crate::secret::MASK;

/// The moment until which everything must be done.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    until: Instant,
    whole: Duration,
}

impl Deadline {
    /// So long from now.
    pub fn after(whole: Duration) -> Deadline {
        let now = Instant::now();
        Deadline {
            // A time past the end of the clock is as good as none.
            until: now
                .checked_add(whole)
                .unwrap_or_else(|| now + Duration::from_secs(86_400)),
            whole,
        }
    }

    fn left(&self) -> Option<Duration> {
        let left = self.until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }
}

/// A connection to a mail server.
pub struct Wire {
    stream: Stream,
    /// What came and was not taken yet; never more than two lines of the longest.
    input: Vec<u8>,
    trace: Option<Trace>,
    /// What is masked in everything that the server says.
    hidden: Vec<Zeroizing<String>>,
}

enum Stream {
    Clear(Timed),
    Tls(Box<StreamOwned<ClientConnection, Timed>>),
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}

impl Wire {
    /// Connects to the first address of the host that answers. The name is looked up as it stands: a port in it is
    /// part of the name, as with .NET.
    ///
    /// # Errors
    ///
    /// At [`Step::Resolve`] or [`Step::Connect`].
    pub fn connect(host: &str, port: u16, deadline: Deadline) -> Result<Wire, Fault> {
        let addresses = resolve(host, port, deadline)?;
        let mut last = FaultKind::NoAddress(host.to_owned()).at(Step::Resolve);
        for (at, address) in addresses.iter().enumerate() {
            let left = deadline
                .left()
                .ok_or_else(|| FaultKind::Timeout(deadline.whole).at(Step::Connect))?;
            // A first address that does not answer leaves time for the others.
            let share = left / u32::try_from(addresses.len() - at).unwrap_or(u32::MAX);
            match TcpStream::connect_timeout(address, share.max(Duration::from_millis(1))) {
                Ok(tcp) => {
                    let io = |error| FaultKind::Io(error).at(Step::Connect);
                    tcp.set_nodelay(true).map_err(io)?;
                    return Ok(Wire {
                        stream: Stream::Clear(Timed { tcp, deadline }),
                        input: Vec::new(),
                        trace: None,
                        hidden: Vec::new(),
                    });
                }
                Err(error) => last = fault(error, Step::Connect, deadline),
            }
        }
        Err(last)
    }

    /// Sets the deadline anew, for the next message.
    pub fn set_deadline(&mut self, deadline: Deadline) {
        self.timed().deadline = deadline;
    }

    /// What is left until the deadline.
    pub(super) fn left(&mut self) -> Duration {
        self.timed().deadline.left().unwrap_or_default()
    }

    /// Shows the dialogue from here on.
    pub(super) fn show_to(&mut self, trace: Option<Trace>) {
        self.trace = trace;
        if let Ok(peer) = self.timed().tcp.peer_addr() {
            self.say(Traced::Event(&format!("connected to {peer}")));
        }
    }

    /// Masks these in everything that the server says from here on. What is shorter than a few characters is left,
    /// as it stands in every reply.
    pub(super) fn hide(&mut self, secrets: Vec<Zeroizing<String>>) {
        let long_enough = |secret: &Zeroizing<String>| secret.chars().count() >= 4;
        self.hidden.extend(secrets.into_iter().filter(long_enough));
    }

    /// A text without what is hidden.
    pub(super) fn hidden(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.hidden {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), MASK);
            }
        }
        text
    }

    fn say(&self, traced: Traced<'_>) {
        if let Some(trace) = &self.trace {
            trace(traced);
        }
    }

    /// Waits for the server's greeting.
    ///
    /// # Errors
    ///
    /// Anything but `220`.
    pub fn greeting(&mut self) -> Result<Reply, Fault> {
        self.reply(Step::Greeting, &[220])
    }

    /// Sends one line and gives the reply to it.
    ///
    /// # Errors
    ///
    /// A line break or a NUL in the line, bytes that came before it was sent, a reply with a code that is not
    /// `wanted` ([`FaultKind::Refused`]), or whatever breaks a connection.
    pub fn command(&mut self, step: Step, line: &str, wanted: &[u16]) -> Result<Reply, Fault> {
        if line.contains(['\r', '\n', '\0']) {
            return Err(FaultKind::Command.at(step));
        }
        self.ensure_quiet(step)?;
        self.say(Traced::Said(line));
        self.write(step, format!("{line}\r\n").as_bytes())?;
        self.reply(step, wanted)
    }

    /// Sends several lines at once (RFC 2920). The replies are taken with [`Wire::answer`], one for each line.
    ///
    /// # Errors
    ///
    /// As [`Wire::command`], at the step of the first line.
    pub(super) fn commands(&mut self, step: Step, lines: &[String]) -> Result<(), Fault> {
        if lines.iter().any(|line| line.contains(['\r', '\n', '\0'])) {
            return Err(FaultKind::Command.at(step));
        }
        self.ensure_quiet(step)?;
        let mut bytes = Vec::new();
        for line in lines {
            self.say(Traced::Said(line));
            bytes.extend_from_slice(line.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        self.write(step, &bytes)
    }

    /// The reply to one of [`Wire::commands`].
    ///
    /// # Errors
    ///
    /// As [`Wire::command`].
    pub(super) fn answer(&mut self, step: Step, wanted: &[u16]) -> Result<Reply, Fault> {
        self.reply(step, wanted)
    }

    /// Sends a line that signs in, of which the trace shows `shown`, and gives whatever is replied.
    pub(super) fn secret_command(&mut self, line: &str, shown: &str) -> Result<Reply, Fault> {
        if line.contains(['\r', '\n', '\0']) {
            return Err(FaultKind::Command.at(Step::Auth));
        }
        self.ensure_quiet(Step::Auth)?;
        // A server that repeats it shows it to nobody.
        if let Some(word) = line.split(' ').next_back().filter(|it| it.len() > 16) {
            self.hidden.push(Zeroizing::new(word.to_owned()));
        }
        self.say(Traced::Said(shown));
        let bytes = Zeroizing::new(format!("{line}\r\n"));
        self.write(Step::Auth, bytes.as_bytes())?;
        self.any_reply(Step::Auth)
    }

    /// Asks for STARTTLS and shakes hands.
    ///
    /// # Errors
    ///
    /// Anything but `220`; a byte behind the `220`; whatever TLS finds wrong with the server.
    pub fn starttls(
        mut self,
        name: ServerName<'static>,
        config: Arc<ClientConfig>,
    ) -> Result<Wire, Fault> {
        self.command(Step::StartTls, "STARTTLS", &[220])?;
        self.ensure_quiet(Step::Handshake)?;
        self.handshake(name, config)
    }

    /// Shakes hands. What came in clear is not carried over.
    ///
    /// # Errors
    ///
    /// Whatever TLS finds wrong with the server.
    pub fn handshake(
        self,
        name: ServerName<'static>,
        config: Arc<ClientConfig>,
    ) -> Result<Wire, Fault> {
        let Stream::Clear(mut timed) = self.stream else {
            return Err(FaultKind::Tls("TLS is there already".to_owned()).at(Step::Handshake));
        };
        let trace = self.trace;
        let deadline = timed.deadline;
        let mut connection = ClientConnection::new(config, name)
            .map_err(|error| FaultKind::Tls(tls::explain(&error)).at(Step::Handshake))?;
        while connection.is_handshaking() {
            connection
                .complete_io(&mut timed)
                .map_err(|error| fault(error, Step::Handshake, deadline))?;
        }
        if let Some(trace) = &trace {
            let version = match connection.protocol_version() {
                Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
                Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
                _ => "TLS",
            };
            trace(Traced::Event(&format!("encrypted with {version}")));
        }
        Ok(Wire {
            stream: Stream::Tls(Box::new(StreamOwned::new(connection, timed))),
            input: Vec::new(),
            trace,
            hidden: self.hidden,
        })
    }

    /// The version of TLS that was agreed on; `None` where there is none.
    pub(super) fn tls_version(&self) -> Option<rustls::ProtocolVersion> {
        match &self.stream {
            Stream::Clear(_) => None,
            Stream::Tls(tls) => tls.conn.protocol_version(),
        }
    }

    /// Sends a message after `DATA`, and gives the reply to its final dot: `250`, and nothing else, means that the
    /// server has taken it.
    ///
    /// # Errors
    ///
    /// At [`Step::Data`] and [`Step::Message`] the server has not got the final dot. At [`Step::FinalDot`] it may
    /// have: see [`Fault::fate_is_unknown`].
    pub fn data(&mut self, message: &mut dyn Read) -> Result<Reply, Fault> {
        self.command(Step::Data, "DATA", &[354])?;
        let mut filter = DataFilter::new();
        let mut chunk = vec![0; 16 << 10];
        let mut out = Vec::with_capacity(64 << 10);
        let mut sent = 0;
        loop {
            let read = match message.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(FaultKind::Source(error).at(Step::Message)),
            };
            filter.push(chunk.get(..read).unwrap_or_default(), &mut out);
            if out.len() >= 32 << 10 {
                self.ensure_quiet(Step::Message)?;
                self.write(Step::Message, &out)?;
                sent += out.len();
                out.clear();
            }
        }
        filter.finish(&mut out);
        self.say(Traced::Event(&format!(
            "the message, {} bytes",
            sent + out.len()
        )));
        // An answer that is there before the final dot is no answer to it.
        self.ensure_quiet(Step::Message)?;
        self.write(Step::FinalDot, &out)?;
        self.reply(Step::FinalDot, &[250])
    }

    fn timed(&mut self) -> &mut Timed {
        match &mut self.stream {
            Stream::Clear(timed) => timed,
            Stream::Tls(tls) => &mut tls.sock,
        }
    }

    fn fault(&mut self, error: io::Error, step: Step) -> Fault {
        fault(error, step, self.timed().deadline)
    }

    fn write(&mut self, step: Step, bytes: &[u8]) -> Result<(), Fault> {
        let written = match &mut self.stream {
            Stream::Clear(timed) => timed.write_all(bytes),
            Stream::Tls(tls) => tls.write_all(bytes).and_then(|()| tls.flush()),
        };
        written.map_err(|error| self.fault(error, step))
    }

    fn reply(&mut self, step: Step, wanted: &[u16]) -> Result<Reply, Fault> {
        let reply = self.any_reply(step)?;
        if wanted.contains(&reply.code) {
            Ok(reply)
        } else {
            Err(FaultKind::Refused(reply).at(step))
        }
    }

    fn any_reply(&mut self, step: Step) -> Result<Reply, Fault> {
        let mut reader = ReplyReader::default();
        loop {
            let line = self.line(step)?;
            let reply = reader
                .line(&line)
                .map_err(|problem| FaultKind::NoReply(problem).at(step))?;
            if let Some(mut reply) = reply {
                // A challenge is read by its mechanism.
                if reply.code != 334 && !self.hidden.is_empty() {
                    for line in &mut reply.lines {
                        *line = self.hidden(line);
                    }
                }
                self.show(&reply);
                return Ok(reply);
            }
        }
    }

    fn show(&self, reply: &Reply) {
        if self.trace.is_none() {
            return;
        }
        for (at, line) in reply.lines.iter().enumerate() {
            let mark = if at + 1 < reply.lines.len() { '-' } else { ' ' };
            let line = match reply.code {
                334 => MASK,
                _ => line,
            };
            self.say(Traced::Heard(&format!("{}{mark}{line}", reply.code)));
        }
    }

    /// The next line without its line end. A bare LF ends a line as well: some relays send it, and between lines of
    /// one reply it confuses nobody.
    fn line(&mut self, step: Step) -> Result<Vec<u8>, Fault> {
        loop {
            let end = memchr::memchr(b'\n', &self.input);
            // A challenge may be longer (RFC 4954 section 4).
            let longest = if step == Step::Auth {
                LONGEST_CHALLENGE
            } else {
                LONGEST_LINE
            };
            if end.map_or(self.input.len(), |end| end + 1) > longest {
                return Err(FaultKind::NoReply(ReplyProblem::LineTooLong(longest)).at(step));
            }
            if let Some(end) = end {
                let rest = self.input.split_off(end + 1);
                let mut line = std::mem::replace(&mut self.input, rest);
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(line);
            }
            let mut chunk = [0; LONGEST_LINE];
            let read = match &mut self.stream {
                Stream::Clear(timed) => timed.read(&mut chunk),
                Stream::Tls(tls) => tls.read(&mut chunk),
            };
            match read {
                Ok(0) => return Err(FaultKind::Closed.at(step)),
                Ok(read) => self
                    .input
                    .extend_from_slice(chunk.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.fault(error, step)),
            }
        }
    }

    /// Ends it if a byte is there, here or in the system's buffer, without waiting for one.
    fn ensure_quiet(&mut self, step: Step) -> Result<(), Fault> {
        let unsolicited = |bytes: &[u8]| {
            let excerpt = bytes.get(..200).unwrap_or(bytes);
            let excerpt = String::from_utf8_lossy(excerpt).trim_end().to_owned();
            Err(FaultKind::Unsolicited(excerpt).at(step))
        };
        if !self.input.is_empty() {
            return unsolicited(&self.input);
        }
        let mut bytes = [0; 256];
        let waiting = match &mut self.stream {
            Stream::Clear(timed) => timed.without_waiting(|mut tcp| peek(&mut tcp, &mut bytes)),
            Stream::Tls(tls) => {
                let StreamOwned { conn, sock, .. } = &mut **tls;
                sock.without_waiting(|mut tcp| peek_tls(conn, &mut tcp, &mut bytes))
            }
        };
        match waiting {
            Ok(Waiting::Nothing) => Ok(()),
            Ok(Waiting::End) => Err(FaultKind::Closed.at(step)),
            Ok(Waiting::Bytes(count)) => unsolicited(bytes.get(..count).unwrap_or(&bytes)),
            Err(error) => Err(self.fault(error, step)),
        }
    }
}

enum Waiting {
    Nothing,
    Bytes(usize),
    End,
}

fn peek(tcp: &mut &TcpStream, bytes: &mut [u8]) -> io::Result<Waiting> {
    match tcp.peek(bytes) {
        Ok(0) => Ok(Waiting::End),
        Ok(count) => Ok(Waiting::Bytes(count)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Waiting::Nothing),
        Err(error) => Err(error),
    }
}

/// Under TLS a server sends tickets and the like between replies, so that bytes on the line alone say nothing: they
/// are taken in, and text that comes out of them counts.
fn peek_tls(
    connection: &mut ClientConnection,
    tcp: &mut &TcpStream,
    bytes: &mut [u8],
) -> io::Result<Waiting> {
    // A server that sends records without end is not quiet either.
    for _ in 0..64 {
        let state = connection
            .process_new_packets()
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        if state.plaintext_bytes_to_read() > 0 {
            return connection.reader().read(bytes).map(Waiting::Bytes);
        }
        if state.peer_has_closed() {
            return Ok(Waiting::End);
        }
        match connection.read_tls(tcp) {
            Ok(0) => return Ok(Waiting::End),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Ok(Waiting::Nothing);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Waiting::Bytes(0))
}

/// A socket whose every call gets what is left of the deadline.
struct Timed {
    tcp: TcpStream,
    deadline: Deadline,
}

impl Timed {
    fn left(&self) -> io::Result<Duration> {
        self.deadline
            .left()
            .ok_or_else(|| io::ErrorKind::TimedOut.into())
    }

    fn without_waiting<T>(&self, call: impl FnOnce(&TcpStream) -> io::Result<T>) -> io::Result<T> {
        self.tcp.set_nonblocking(true)?;
        let result = call(&self.tcp);
        self.tcp.set_nonblocking(false)?;
        result
    }
}

impl Read for Timed {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.tcp.set_read_timeout(Some(self.left()?))?;
        self.tcp.read(bytes)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tcp.set_write_timeout(Some(self.left()?))?;
        self.tcp.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}

/// What an I/O error means here. A blocking call that ran out of time says `WouldBlock` on Unix and `TimedOut` on
/// Windows.
fn fault(error: io::Error, step: Step, deadline: Deadline) -> Fault {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof, WouldBlock,
    };
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match (tls, error.kind()) {
        (Some(error), _) => FaultKind::Tls(tls::explain(error)),
        (_, TimedOut | WouldBlock) => FaultKind::Timeout(deadline.whole),
        (_, BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof) => FaultKind::Closed,
        _ => FaultKind::Io(error),
    }
    .at(step)
}

/// The addresses of a host. The system's look-up cannot be interrupted, so it runs aside and is left behind when the
/// deadline passes.
fn resolve(host: &str, port: u16, deadline: Deadline) -> Result<Vec<SocketAddr>, Fault> {
    let literal = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    if let Ok(address) = literal.unwrap_or(host).parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let unknown = || FaultKind::NoAddress(host.to_owned()).at(Step::Resolve);
    if host.is_empty() || host.contains('\0') {
        return Err(unknown());
    }
    let (sender, receiver) = mpsc::channel();
    let name = host.to_owned();
    std::thread::Builder::new()
        .name("resolve".to_owned())
        .spawn(move || {
            let addresses = (name.as_str(), port).to_socket_addrs();
            // Nobody listens any more when the deadline has passed.
            let _ = sender.send(addresses.map(Iterator::collect::<Vec<_>>));
        })
        .map_err(|error| FaultKind::Io(error).at(Step::Resolve))?;
    let left = deadline.left().unwrap_or_default();
    match receiver.recv_timeout(left) {
        Ok(Ok(addresses)) if addresses.is_empty() => Err(unknown()),
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(error)) => Err(FaultKind::Io(error).at(Step::Resolve)),
        Err(_) => Err(FaultKind::Timeout(deadline.whole).at(Step::Resolve)),
    }
}
