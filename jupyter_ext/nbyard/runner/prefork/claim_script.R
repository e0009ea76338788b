# What an IRkernel that was started before its attempt does to become the attempt's. Tells which
# process this is and which paths it depends on, in hexadecimal digits.
function(directory, names, values, absent, addresses, stamps) {
  before <- getwd()
  setwd(directory)
  own <- dir(".", "^[.]R(Data|environ|profile)", all.files = TRUE)
  drawn <- exists(".Random.seed", globalenv(), inherits = FALSE)
  stopifnot(length(own) == 0, !drawn, !nzchar(Sys.getenv(c("R_PROFILE_USER", "R_ENVIRON_USER"))))
  # its shell has told it where it was started
  if (Sys.getenv("PWD") == before) Sys.setenv(PWD = getwd())
  for (at in seq_along(names)) {
    stopifnot(do.call(Sys.setenv, structure(list(values[at]), names = names[at])))
  }
  Sys.unsetenv(absent)
  memory <- file("/proc/self/mem", "r+b", raw = TRUE)
  on.exit(close(memory))
  for (at in seq_along(addresses)) {
    seek(memory, addresses[at], rw = "write")
    writeChar(stamps[at], memory, eos = NULL)
  }
  named <- unlist(strsplit(Sys.getenv(c("R_LIBS", "R_LIBS_USER", "R_LIBS_SITE")), ":"))
  libraries <- path.expand(c(.libPaths(), named[nzchar(named)]))
  stopifnot(startsWith(libraries, "/"))
  etc <- R.home("etc")
  paths <- unique(c(libraries, etc, dir(etc, full.names = TRUE)))
  cat(as.character(charToRaw(paste(c(Sys.getpid(), paths), collapse = "\n"))))
}
