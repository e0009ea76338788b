import { addressOf } from './addresses';
import { ApiClient, ApiError } from './client';
import { Upload } from './types';

/** Piece sizes: each takes about a second, so a slow connection shows progress. */
const FIRST_PIECE = 1 << 20;
const SMALLEST_PIECE = 128 << 10;
const LARGEST_PIECE = 8 << 20;
const QUICK = 500;
const SLOW = 2000;
const TRIES = 5;

export interface IUploadOptions {
  /** Reports the bytes that the server has received. */
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** Upload a file in pieces; after a broken connection it resumes. */
export async function uploadFile(
  client: ApiClient,
  file: File,
  { onProgress, signal }: IUploadOptions = {}
): Promise<string> {
  const { id } = await client.call('uploads.create', {
    body: { filename: file.name, size_bytes: file.size },
    signal
  });
  try {
    let offset = 0;
    let tries = 0;
    let size = FIRST_PIECE;
    onProgress?.(0, file.size);
    while (offset < file.size) {
      try {
        const start = performance.now();
        offset = await append(client, id, file.slice(offset, offset + size), offset, signal);
        size = nextSize(size, performance.now() - start);
        tries = 0;
      } catch (error) {
        if (signal?.aborted || !passing(error) || ++tries >= TRIES) {
          throw error;
        }
        await pause(300 * 2 ** tries);
        offset = (await client.call('uploads.get', { path: { upload: id }, signal })).offset;
      }
      onProgress?.(offset, file.size);
    }
    return id;
  } catch (error) {
    void client.call('uploads.delete', { path: { upload: id } }).catch(() => undefined);
    throw error;
  }
}

function nextSize(size: number, took: number): number {
  const wanted = took < QUICK ? size * 2 : took > SLOW ? size / 2 : size;
  return Math.min(LARGEST_PIECE, Math.max(SMALLEST_PIECE, wanted));
}

async function append(
  client: ApiClient,
  upload: string,
  piece: Blob,
  offset: number,
  signal?: AbortSignal
): Promise<number> {
  const response = await client.request(addressOf(client, 'uploads.append', { path: { upload } }), {
    method: 'PATCH',
    headers: { 'Upload-Offset': String(offset), 'Content-Type': 'application/octet-stream' },
    body: piece,
    signal
  });
  return ((await response.json()) as Upload).offset;
}

/** Whether a retry may help: no response, a busy server, or a piece that arrived already. */
function passing(error: unknown): boolean {
  return error instanceof ApiError && [0, 409, 502, 503, 504].includes(error.status);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise(resolve => window.setTimeout(resolve, milliseconds));
}
