/**
 * The server has the same rule (`domain/executables/structs.py`); both read
 * `tests/cases/called.json`.
 */
export const MODEL_FILES = ['nervosum.yaml', 'nervosum.yml', 'model.yaml', 'model.yml', 'MLmodel'];

/** Whether a file describes a model, which is an executable and can be deployed. */
export function isModelFile(path: string): boolean {
  return MODEL_FILES.includes(path.split('/').pop()!);
}

/** Return the name for a file: its folder's name if its own name says nothing. */
export function nameForFile(path: string): string {
  const [name, folder = ''] = path.split('/').reverse();
  const tellsNothing = name === 'Dockerfile' || isModelFile(name);
  return tellsNothing && folder && folder !== '..' ? folder : name;
}
