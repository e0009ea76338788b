import { TranslationBundle } from '@jupyterlab/translation';
import { useCallback } from 'react';
import { Diff, DiffLine, ExecutableVersion } from '../../api/types';
import { CompareVersions, IPair } from '../../components/CompareVersions';
import { reasonText } from '../../reasons';
import { IPanelServices } from '../frame/services';

interface ICompareProps {
  services: IPanelServices;
  executable: string;
  /** Newest first, at least two. */
  versions: readonly ExecutableVersion[];
}

/** The changes of the code between two versions. */
export function Compare({ services, executable, versions }: ICompareProps): JSX.Element {
  const { yard, trans } = services;
  const [newest] = versions;
  const before = versions.find(({ code_digest }) => code_digest !== newest.code_digest);
  const ask = useCallback(
    (query: IPair, signal: AbortSignal) =>
      yard.client.call('executables.diff', { path: { executable }, query, signal }),
    [yard, executable]
  );
  return (
    <CompareVersions versions={versions} before={before} ask={ask} trans={trans}>
      {diff => <Lines services={services} diff={diff} versions={versions} />}
    </CompareVersions>
  );
}

const SIGNS: Record<DiffLine['kind'], string> = { added: '+', removed: '−', same: ' ', place: '' };

interface ILinesProps {
  services: IPanelServices;
  diff: Diff;
  versions: readonly ExecutableVersion[];
}

function Lines({ services, diff, versions }: ILinesProps): JSX.Element {
  const { trans } = services;
  if (!diff.lines.length) {
    const bundle = (wanted: number) =>
      versions.find(({ number }) => number === wanted)?.bundle_digest;
    return (
      <p className="nby-Note" role="status">
        {bundle(diff.old) === bundle(diff.new)
          ? trans.__('The code is unchanged.')
          : trans.__('The code is unchanged. Another file of its folder changed.')}
      </p>
    );
  }
  const count = (kind: DiffLine['kind']) => diff.lines.filter(line => line.kind === kind).length;
  return (
    <>
      <p className="nby-Note" role="status">
        {trans._n('%1 line added', '%1 lines added', count('added'))},{' '}
        {trans._n('%1 removed', '%1 removed', count('removed'))}
      </p>
      <DiffLines lines={diff.lines} trans={trans} />
      {diff.hint && <p className="nby-Note">{reasonText(diff.hint, trans)}</p>}
      {diff.cut && <p className="nby-Note">{trans.__('Further differences are not shown.')}</p>}
    </>
  );
}

interface IDiffLinesProps {
  lines: readonly DiffLine[];
  trans: TranslationBundle;
}

/** Changed lines with their context, below a heading for each place. */
export function DiffLines({ lines, trans }: IDiffLinesProps): JSX.Element {
  const said = { added: trans.__('added'), removed: trans.__('removed'), same: '', place: '' };
  return (
    <div className="nby-Diff" tabIndex={0} role="region" aria-label={trans.__('Changes')}>
      {lines.map(({ kind, text }, index) =>
        kind === 'place' ? (
          <h3 key={index} className="nby-Diff-place">
            {text}
          </h3>
        ) : (
          <div key={index} className={`nby-Diff-line nby-mod-${kind}`}>
            <span className="nby-Diff-sign" aria-hidden="true">
              {SIGNS[kind]}
            </span>
            {said[kind] && <span className="nby-Sr">{said[kind]}: </span>}
            <span>{text}</span>
          </div>
        )
      )}
    </div>
  );
}
