/** The server has the same rule (`domain/executables.py`); both read `tests/cases/called.json`. */
const NAMELESS = /^(Dockerfile|MLmodel|(nervosum|model)\.ya?ml)$/;

/** What the file at a path is called: by its folder where its own name tells nothing. */
export function called(path: string): string {
  const [name, folder = ''] = path.split('/').reverse();
  return NAMELESS.test(name) && folder && folder !== '..' ? folder : name;
}
