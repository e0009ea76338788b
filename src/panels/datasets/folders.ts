/**
 * Folders of the user's computer, each sent as one tar archive that is read while it is sent.
 * Format: POSIX.1-2017 pax.
 */

const BLOCK = 512;
const encoder = new TextEncoder();

export interface IFolder {
  name: string;
  /** Paths are relative to the folder. */
  members: readonly { path: string; file: File }[];
}

/** Return the chosen folder; its name is the first part of each file's path. */
export function folderOfChosen(files: readonly File[]): IFolder | undefined {
  if (!files.length) {
    return undefined;
  }
  const members = files.map(file => {
    const [, ...rest] = file.webkitRelativePath.split('/');
    return { path: rest.join('/'), file };
  });
  return { name: files[0].webkitRelativePath.split('/')[0], members };
}

/** Return the dropped items. Call it in the event itself, because the data is gone later. */
export async function dropped(
  transfer: DataTransfer
): Promise<{ files: File[]; folders: IFolder[] }> {
  const items = [...transfer.items].filter(({ kind }) => kind === 'file');
  const entries = items.map(item => item.webkitGetAsEntry());
  const files = [...transfer.files].filter((_, index) => !entries[index]?.isDirectory);
  const folders = entries.filter(entry => !!entry?.isDirectory) as FileSystemDirectoryEntry[];
  return { files, folders: await Promise.all(folders.map(read)) };
}

async function read(folder: FileSystemDirectoryEntry): Promise<IFolder> {
  const members: { path: string; file: File }[] = [];
  const look = async (entry: FileSystemEntry, path: string): Promise<void> => {
    if (entry.isFile) {
      const file = await new Promise<File>((resolve, reject) =>
        (entry as FileSystemFileEntry).file(resolve, reject)
      );
      members.push({ path, file });
      return;
    }
    for (const child of await children(entry as FileSystemDirectoryEntry)) {
      await look(child, path ? `${path}/${child.name}` : child.name);
    }
  };
  await look(folder, '');
  return { name: folder.name, members };
}

/** Return all entries; a browser returns a hundred at once. */
async function children(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject)
    );
    if (!some.length) {
      return all;
    }
    all.push(...some);
  }
}

/** Return the folder as an archive, without reading its files yet. */
export function tarOf({ name, members }: IFolder): File {
  const parts: BlobPart[] = [];
  for (const { path, file } of members) {
    const attributes = encoder.encode(record('path', path) + record('size', String(file.size)));
    parts.push(header('x', attributes.length), attributes, padding(attributes.length));
    // The previous record has the size, which may need more digits than fit here.
    parts.push(header('0', file.size < 8 ** 11 ? file.size : 0), file, padding(file.size));
  }
  parts.push(new Uint8Array(2 * BLOCK));
  return new File(parts, `${name}.tar`);
}

/** Return a line that begins with its own length in bytes. */
function record(key: string, value: string): string {
  const rest = encoder.encode(` ${key}=${value}\n`).length;
  let length = rest + String(rest).length;
  length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

function header(type: 'x' | '0', size: number): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(BLOCK);
  const put = (at: number, text: string) => block.set(encoder.encode(text), at);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0');
  put(0, 'member');
  put(100, '0000644\0');
  put(108, '0000000\0');
  put(116, '0000000\0');
  put(124, `${octal(size, 11)}\0`);
  put(136, `${octal(0, 11)}\0`);
  put(148, ' '.repeat(8)); // the checksum counts its own field as blanks
  put(156, type);
  put(257, 'ustar\x0000');
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, `${octal(sum, 6)}\0 `);
  return block;
}

function padding(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);
}
