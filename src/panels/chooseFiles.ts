/** Let the user choose files of their computer, or all files of a folder; nothing when they do not.
 *
 * To be called straight from a click or a key: seconds later a browser opens nothing. */
export function chooseFiles(what: 'file' | 'files' | 'folder'): Promise<File[]> {
  return new Promise(resolve => {
    const input = document.createElement('input');
    input.type = 'file';
    input.multiple = what === 'files';
    input.webkitdirectory = what === 'folder';
    input.hidden = true;
    const done = () => {
      input.remove();
      resolve([...(input.files ?? [])]);
    };
    input.addEventListener('change', done);
    input.addEventListener('cancel', done);
    document.body.append(input); // what nothing holds may be gone before a file is chosen
    input.click();
  });
}
