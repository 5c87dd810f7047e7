//! Typed views over one document.
//!
//! A view is a pair of a document and a place in it; it holds no copy. Formats 2 and 3 store properties as
//! elements, formats 6 and 8 as attributes: the views answer alike. What a view does not know, it keeps and ignores.

mod access;
mod configuration;
mod connection_manager;
mod edit;
mod executable;
mod execute_package;
mod kind;
mod model;
mod names;
mod object;
mod path;
mod paths;
mod project_file;
mod secrets;
mod send_mail;
mod stored;
mod variable;
mod view;

pub use access::StoredValue;
pub use configuration::{Configuration, ConfigurationEntry, ConfigurationType};
pub use connection_manager::ConnectionManager;
pub use edit::{
    CommonProperty, NewCopy, PropertyType, SetError, SetErrorKind, Side, add_text_parameter,
    new_id, remove_object, smtp_manager_file,
};
pub use executable::{EventHandler, Executable, ExecutableKind, Owner};
pub use execute_package::{Call, ExecutePackageTask};
pub use kind::{FileKind, is_encrypted};
pub use model::{ModelChanges, SendMailTaskModel, SmtpManagerModel};
pub use names::{DTS, SEND_MAIL, SSIS, XML_ENCRYPTION, bare_id, boolean, same_id};
pub use object::{Generation, Object, PropertyExpression};
pub use path::{PathError, Resolved, Target, nearest, path_of, resolve};
pub use paths::Paths;
pub use project_file::{ConfigurationSetting, Copy, DeploymentModel, ProjectFile};
pub use secrets::{holds_literal, secret_spans};
pub use send_mail::{MailProperty, MessageSourceType, Priority, SendMailTask};
pub use stored::Stored;
pub use variable::{Parameter, ParameterScope, Variable};
pub use view::{Package, ProtectionLevel, project_parameters};
