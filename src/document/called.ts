/** The server has the same rule (`domain/executables/structs.py`); both read `tests/cases/called.json`. */
export const MODEL_FILES = ['nervosum.yaml', 'nervosum.yml', 'model.yaml', 'model.yml', 'MLmodel'];

/** Whether a file describes a model: it is an executable, and can be deployed. */
export function isModelFile(path: string): boolean {
  return MODEL_FILES.includes(path.split('/').pop()!);
}

/** What the file at a path is called: by its folder where its own name tells nothing. */
export function called(path: string): string {
  const [name, folder = ''] = path.split('/').reverse();
  const tellsNothing = name === 'Dockerfile' || isModelFile(name);
  return tellsNothing && folder && folder !== '..' ? folder : name;
}
