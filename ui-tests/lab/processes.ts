/** Processes of a journey, known by the folder that their environment names. */
import { readdir, readFile } from 'node:fs/promises';

/** Kill dispatcher, runners and kernels, which outlive their server by design; `spared` stays. */
export async function sweep(folder: string, spared?: number): Promise<void> {
  while ((await killed(folder, spared)) > 0) {
    // a process that was killed may have started another one meanwhile
  }
}

async function killed(folder: string, spared?: number): Promise<number> {
  let count = 0;
  for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number)) {
    const text = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (pid !== spared && text.includes(folder)) {
      try {
        process.kill(pid, 'SIGKILL');
        count++;
      } catch {
        // the process ended by itself
      }
    }
  }
  return count;
}
