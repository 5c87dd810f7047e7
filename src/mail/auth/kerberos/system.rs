//! Tickets of whoever is signed in (a ticket cache, a keytab), by the system's GSSAPI library (RFC 2744), loaded when it
//! is needed: MIT's or Heimdal's.
//!
//! The one file with unsafe code. What is relied on:
//! - the types and signatures below are those of RFC 2744 as both libraries have them on systems with the C layout
//!   (not on Apple's, which packs the structures);
//! - buffers and handles that the library gives are given back to it, and to nobody else, exactly once: they live in
//!   [`Buffer`], [`Name`] and [`Handle`], whose `Drop` does it;
//! - the library outlives them, as it is never unloaded.

#![allow(unsafe_code)]

use super::{Context, Wrapping};

#[cfg(all(unix, not(target_vendor = "apple")))]
pub(super) use loaded::context;

/// Kerberos tickets of the system are reached on systems with MIT's or Heimdal's library.
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
pub(super) fn context(_: Wrapping, _: &str) -> Result<Box<dyn Context>, String> {
    Err(
        "tickets of this system cannot be used by this build: `--mail-user` and a password give one"
            .to_owned(),
    )
}

#[cfg(all(unix, not(target_vendor = "apple")))]
mod loaded {
    use std::ffi::c_void;
    use std::ptr::{null, null_mut};
    use std::sync::OnceLock;

    use libloading::Library;

    use super::{Context, Wrapping};
    use crate::source::visible;

    /// `gss_buffer_desc`.
    #[repr(C)]
    struct RawBuffer {
        length: usize,
        value: *mut c_void,
    }

    /// `gss_OID_desc`.
    #[repr(C)]
    struct Oid {
        length: u32,
        elements: *const c_void,
    }

    type Status = u32;
    type ImportName =
        unsafe extern "C" fn(*mut u32, *const RawBuffer, *const Oid, *mut *mut c_void) -> Status;
    type InitSecContext = unsafe extern "C" fn(
        *mut u32,
        *mut c_void,
        *mut *mut c_void,
        *mut c_void,
        *const Oid,
        u32,
        u32,
        *const c_void,
        *const RawBuffer,
        *mut *const Oid,
        *mut RawBuffer,
        *mut u32,
        *mut u32,
    ) -> Status;
    type Wrap = unsafe extern "C" fn(
        *mut u32,
        *mut c_void,
        i32,
        u32,
        *const RawBuffer,
        *mut i32,
        *mut RawBuffer,
    ) -> Status;
    type Unwrap = unsafe extern "C" fn(
        *mut u32,
        *mut c_void,
        *const RawBuffer,
        *mut RawBuffer,
        *mut i32,
        *mut u32,
    ) -> Status;
    type ReleaseBuffer = unsafe extern "C" fn(*mut u32, *mut RawBuffer) -> Status;
    type ReleaseName = unsafe extern "C" fn(*mut u32, *mut *mut c_void) -> Status;
    type DeleteSecContext =
        unsafe extern "C" fn(*mut u32, *mut *mut c_void, *mut RawBuffer) -> Status;
    type DisplayStatus =
        unsafe extern "C" fn(*mut u32, u32, i32, *const Oid, *mut u32, *mut RawBuffer) -> Status;

    struct Gssapi {
        import_name: ImportName,
        init_sec_context: InitSecContext,
        wrap: Wrap,
        unwrap: Unwrap,
        release_buffer: ReleaseBuffer,
        release_name: ReleaseName,
        delete_sec_context: DeleteSecContext,
        display_status: DisplayStatus,
    }

    /// MIT's library, then Heimdal's.
    const LIBRARIES: [&str; 4] = [
        "libgssapi_krb5.so.2",
        "libgssapi_krb5.so",
        "libgssapi.so.3",
        "libgssapi.so",
    ];

    /// 1.2.840.113554.1.2.2
    static KERBEROS: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02];
    /// 1.3.6.1.5.5.2
    static SPNEGO: [u8; 6] = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];
    /// `GSS_C_NT_HOSTBASED_SERVICE`, 1.2.840.113554.1.2.1.4
    static HOST_BASED_SERVICE: [u8; 10] =
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x01, 0x04];

    /// `GSS_S_CONTINUE_NEEDED`.
    const CONTINUE_NEEDED: Status = 1;
    /// The upper half of a status that is an error.
    const ERRORS: Status = 0xffff_0000;
    /// `GSS_C_MUTUAL_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_INTEG_FLAG`: the server proves itself too, and the last step of
    /// the mechanism can be wrapped.
    const FLAGS: u32 = 2 | 8 | 32;

    fn oid(elements: &'static [u8]) -> Oid {
        Oid {
            // No identifier here is longer than ten bytes.
            length: u32::try_from(elements.len()).unwrap_or_default(),
            elements: elements.as_ptr().cast(),
        }
    }

    fn library() -> Result<&'static Gssapi, String> {
        static LOADED: OnceLock<Result<Gssapi, String>> = OnceLock::new();
        LOADED.get_or_init(load).as_ref().map_err(Clone::clone)
    }

    fn load() -> Result<Gssapi, String> {
        let missing = || {
            format!(
                "this system has no GSSAPI library for its Kerberos tickets ({}): install MIT Kerberos \
                 (`libgssapi-krb5-2`, `krb5-libs`), or give `--mail-user` and a password",
                LIBRARIES.join(", ")
            )
        };
        // SAFETY: the initialisers of these libraries do nothing but set up their own state.
        let library = LIBRARIES
            .iter()
            .find_map(|name| unsafe { Library::new(*name) }.ok())
            .ok_or_else(missing)?;
        // Never unloaded: what it has given out must not outlive it.
        let library: &'static Library = Box::leak(Box::new(library));
        macro_rules! function {
            ($name:literal) => {
                // SAFETY: the field that it goes into has the signature of RFC 2744 for this name.
                *unsafe { library.get($name) }.map_err(|_| {
                    format!(
                        "the GSSAPI library of this system has no `{}`",
                        String::from_utf8_lossy($name)
                    )
                })?
            };
        }
        Ok(Gssapi {
            import_name: function!(b"gss_import_name"),
            init_sec_context: function!(b"gss_init_sec_context"),
            wrap: function!(b"gss_wrap"),
            unwrap: function!(b"gss_unwrap"),
            release_buffer: function!(b"gss_release_buffer"),
            release_name: function!(b"gss_release_name"),
            delete_sec_context: function!(b"gss_delete_sec_context"),
            display_status: function!(b"gss_display_status"),
        })
    }

    /// Bytes that the library made.
    struct Buffer {
        gssapi: &'static Gssapi,
        raw: RawBuffer,
    }

    impl Buffer {
        fn empty(gssapi: &'static Gssapi) -> Buffer {
            Buffer {
                gssapi,
                raw: RawBuffer {
                    length: 0,
                    value: null_mut(),
                },
            }
        }

        fn bytes(&self) -> Vec<u8> {
            if self.raw.value.is_null() || self.raw.length == 0 {
                return Vec::new();
            }
            // SAFETY: the library has said that so many bytes are there, and they stay until `Drop`.
            unsafe { std::slice::from_raw_parts(self.raw.value.cast::<u8>(), self.raw.length) }
                .to_vec()
        }
    }

    impl Drop for Buffer {
        fn drop(&mut self) {
            let mut minor = 0;
            // SAFETY: empty, or filled by the library and given back once.
            unsafe { (self.gssapi.release_buffer)(&mut minor, &mut self.raw) };
        }
    }

    /// Bytes that the library only reads.
    fn lent(bytes: &[u8]) -> RawBuffer {
        RawBuffer {
            length: bytes.len(),
            value: bytes.as_ptr().cast_mut().cast(),
        }
    }

    /// The service that a ticket is for.
    struct Name {
        gssapi: &'static Gssapi,
        raw: *mut c_void,
    }

    impl Name {
        fn of_service(gssapi: &'static Gssapi, target: &str) -> Result<Name, String> {
            // `class/host` is `class@host` here.
            let text = target.replacen('/', "@", 1);
            let kind = oid(&HOST_BASED_SERVICE);
            let (mut minor, mut raw) = (0, null_mut());
            // SAFETY: all pointers are to live values of the right types; the text is only read.
            let status = unsafe {
                (gssapi.import_name)(&mut minor, &lent(text.as_bytes()), &kind, &mut raw)
            };
            check(gssapi, status, minor)?;
            Ok(Name { gssapi, raw })
        }
    }

    impl Drop for Name {
        fn drop(&mut self) {
            let mut minor = 0;
            // SAFETY: made by the library, and given back once.
            unsafe { (self.gssapi.release_name)(&mut minor, &mut self.raw) };
        }
    }

    /// A security context.
    struct Handle {
        gssapi: &'static Gssapi,
        raw: *mut c_void,
    }

    impl Drop for Handle {
        fn drop(&mut self) {
            let mut minor = 0;
            // SAFETY: null, or made by the library and given back once. No token is asked for.
            unsafe { (self.gssapi.delete_sec_context)(&mut minor, &mut self.raw, null_mut()) };
        }
    }

    struct OfSystem {
        gssapi: &'static Gssapi,
        name: Name,
        handle: Handle,
        mechanism: &'static [u8],
        complete: bool,
    }

    pub(in super::super) fn context(
        wrapping: Wrapping,
        target: &str,
    ) -> Result<Box<dyn Context>, String> {
        let gssapi = library()?;
        Ok(Box::new(OfSystem {
            gssapi,
            name: Name::of_service(gssapi, target)?,
            handle: Handle {
                gssapi,
                raw: null_mut(),
            },
            mechanism: match wrapping {
                Wrapping::Bare => &KERBEROS,
                Wrapping::Spnego => &SPNEGO,
            },
            complete: false,
        }))
    }

    impl Context for OfSystem {
        fn step(&mut self, token: Option<&[u8]>) -> Result<Vec<u8>, String> {
            let mechanism = oid(self.mechanism);
            let input = token.map(lent);
            let input = input.as_ref().map_or(null(), |it| it as *const RawBuffer);
            let mut output = Buffer::empty(self.gssapi);
            let mut minor = 0;
            // SAFETY: all pointers are null where RFC 2744 takes null, or to live values of the right types. The
            // default credentials are those of whoever is signed in.
            let status = unsafe {
                (self.gssapi.init_sec_context)(
                    &mut minor,
                    null_mut(),
                    &mut self.handle.raw,
                    self.name.raw,
                    &mechanism,
                    FLAGS,
                    0,
                    null(),
                    input,
                    null_mut(),
                    &mut output.raw,
                    null_mut(),
                    null_mut(),
                )
            };
            check(self.gssapi, status, minor)?;
            self.complete = status & CONTINUE_NEEDED == 0;
            Ok(output.bytes())
        }

        fn is_complete(&self) -> bool {
            self.complete
        }

        fn unwrap(&mut self, wrapped: &[u8]) -> Result<Vec<u8>, String> {
            let mut output = Buffer::empty(self.gssapi);
            let mut minor = 0;
            // SAFETY: the context is complete, and the pointers are to live values or null where that is taken.
            let status = unsafe {
                (self.gssapi.unwrap)(
                    &mut minor,
                    self.handle.raw,
                    &lent(wrapped),
                    &mut output.raw,
                    null_mut(),
                    null_mut(),
                )
            };
            check(self.gssapi, status, minor)?;
            Ok(output.bytes())
        }

        fn wrap(&mut self, plain: &[u8]) -> Result<Vec<u8>, String> {
            let mut output = Buffer::empty(self.gssapi);
            let mut minor = 0;
            // SAFETY: as in `unwrap`.
            let status = unsafe {
                (self.gssapi.wrap)(
                    &mut minor,
                    self.handle.raw,
                    0,
                    0,
                    &lent(plain),
                    null_mut(),
                    &mut output.raw,
                )
            };
            check(self.gssapi, status, minor)?;
            Ok(output.bytes())
        }
    }

    fn check(gssapi: &'static Gssapi, status: Status, minor: u32) -> Result<(), String> {
        if status & ERRORS == 0 {
            return Ok(());
        }
        // `GSS_C_GSS_CODE` and `GSS_C_MECH_CODE`; the second tells more.
        let texts = [text(gssapi, status, 1), text(gssapi, minor, 2)];
        let said: Vec<&str> = texts
            .iter()
            .map(String::as_str)
            .filter(|it| !it.is_empty())
            .collect();
        Err(visible(&said.join(": ")).into_owned())
    }

    fn text(gssapi: &'static Gssapi, code: u32, kind: i32) -> String {
        let mechanism = oid(&KERBEROS);
        let mut parts = Vec::new();
        let mut more = 0;
        // A library that never ends is not waited for.
        for _ in 0..4 {
            let mut output = Buffer::empty(gssapi);
            let mut minor = 0;
            // SAFETY: all pointers are to live values of the right types.
            let status = unsafe {
                (gssapi.display_status)(
                    &mut minor,
                    code,
                    kind,
                    &mechanism,
                    &mut more,
                    &mut output.raw,
                )
            };
            if status & ERRORS != 0 {
                break;
            }
            parts.push(String::from_utf8_lossy(&output.bytes()).into_owned());
            if more == 0 {
                break;
            }
        }
        parts.join(", ")
    }
}
