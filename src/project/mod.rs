//! Units: a folder with its `.dtproj`, an `.ispac`, a loose folder.
