/**
 * Let the user choose files, or all files of a folder; empty if the user cancels. Call it directly
 * from a click or a key: browsers block it seconds later.
 */
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
    document.body.append(input); // a detached element could be collected before a file is chosen
    input.click();
  });
}
