import { useCallback, useEffect, useState } from 'react';
import { addressOf } from '../../api/addresses';
import { Artifact } from '../../api/types';
import { ITablePart, PartedTable } from '../../components/TablePart';
import { IExecuted, read } from './cells';
import { useServices } from './hooks';
import { NotebookCells } from './NotebookCells';

const TABLES = new Set(['csv', 'tsv', 'jsonl', 'parquet', 'arrow', 'excel', 'xlsx', 'feather']);
const IMAGES: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  svg: 'image/svg+xml'
};
const TEXTS = new Set('txt md json yaml yml log py xml toml r sql text markdown'.split(' '));
const MOST = 2 << 20;

/** An artifact as a table, a picture or text. */
export function Preview({ artifact }: { artifact: Artifact }): JSX.Element {
  const { trans, yard } = useServices();
  const suffix = artifact.filename.split('.').pop()?.toLowerCase() ?? '';
  const kinds = [artifact.format, suffix];
  const load = useCallback(
    (offset: number, limit: number, part: ITablePart) =>
      yard.client.call('artifacts.preview', {
        path: { artifact: artifact.id },
        query: { offset, limit, ...part }
      }),
    [yard, artifact.id]
  );
  if (kinds.some(kind => TABLES.has(kind))) {
    return <PartedTable label={artifact.name} load={load} trans={trans} />;
  }
  const image = kinds.find(kind => kind in IMAGES);
  if (image) {
    return <Picture artifact={artifact} type={IMAGES[image]} />;
  }
  if (kinds.includes('ipynb')) {
    return <Executed artifact={artifact} />;
  }
  if (kinds.includes('html') && artifact.size_bytes <= MOST) {
    return <WebPage artifact={artifact} />;
  }
  if (kinds.some(kind => TEXTS.has(kind)) && artifact.size_bytes <= MOST) {
    return <Text artifact={artifact} />;
  }
  return <p className="nby-Note">{trans.__('There is no picture of this format: download it.')}</p>;
}

function useContent(artifact: Artifact): { blob?: Blob; problem?: string } {
  const { yard } = useServices();
  const [content, setContent] = useState<{ blob?: Blob; problem?: string }>({});
  useEffect(() => {
    const control = new AbortController();
    const url = addressOf(yard.client, 'artifacts.content', { path: { artifact: artifact.id } });
    yard.client
      .request(url, { method: 'GET', signal: control.signal })
      .then(response => response.blob())
      .then(blob => setContent({ blob }))
      .catch((error: Error) => !control.signal.aborted && setContent({ problem: error.message }));
    return () => control.abort();
  }, [yard, artifact.id]);
  return content;
}

function Picture({ artifact, type }: { artifact: Artifact; type: string }): JSX.Element {
  const { trans } = useServices();
  const { blob, problem } = useContent(artifact);
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (!blob) {
      return;
    }
    const made = URL.createObjectURL(new Blob([blob], { type }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob, type]);
  return url ? (
    <img className="nby-Preview-image" src={url} alt={trans.__('Picture %1', artifact.name)} />
  ) : (
    <p className="nby-Note">{problem ?? trans.__('Loading…')}</p>
  );
}

function Executed({ artifact }: { artifact: Artifact }): JSX.Element {
  const services = useServices();
  const { blob, problem } = useContent(artifact);
  const [executed, setExecuted] = useState<IExecuted>();
  useEffect(() => {
    void blob?.text().then(text => {
      const notebook = JSON.parse(text) as { cells: [] };
      const total = notebook.cells.length;
      setExecuted(read({ notebook, done: total, total, current: null }));
    });
  }, [blob]);
  return executed ? (
    <NotebookCells services={services} executed={executed} live={false} follow={false} />
  ) : (
    <p className="nby-Note">{problem ?? services.trans.__('Loading…')}</p>
  );
}

/** Nothing of a page runs, and it fetches nothing; most pages take white paper for granted. */
const LOCKED = `<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'">
<style>html { background: #fff; color: #000; font: 13px sans-serif }</style>`;

function WebPage({ artifact }: { artifact: Artifact }): JSX.Element {
  const { trans } = useServices();
  const { text, problem } = useText(artifact);
  return text === undefined ? (
    <p className="nby-Note">{problem ?? trans.__('Loading…')}</p>
  ) : (
    <iframe
      className="nby-Preview-page"
      sandbox=""
      title={trans.__('Page %1, without its scripts', artifact.name)}
      srcDoc={LOCKED + text}
    />
  );
}

function useText(artifact: Artifact): { text?: string; problem?: string } {
  const { blob, problem } = useContent(artifact);
  const [text, setText] = useState<string>();
  useEffect(() => void blob?.text().then(setText), [blob]);
  return { text, problem };
}

function Text({ artifact }: { artifact: Artifact }): JSX.Element {
  const { trans } = useServices();
  const { text, problem } = useText(artifact);
  return text === undefined ? (
    <p className="nby-Note">{problem ?? trans.__('Loading…')}</p>
  ) : (
    <pre className="nby-Preview-text" tabIndex={0}>
      {artifact.format === 'json' ? indented(text) : text}
    </pre>
  );
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
