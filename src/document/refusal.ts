/** Return an error with a name that JupyterLab knows: it ignores a cancelled save. */
export function refusal(name: string): Error {
  const error = new Error('Cancel');
  error.name = name;
  return error;
}
