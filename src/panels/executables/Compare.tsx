import { useEffect, useState } from 'react';
import { Diff, DiffLine, ExecutableVersion } from '../../api/types';
import { VersionPair } from '../../components/VersionPair';
import { IPanelServices } from '../services';

interface ICompareProps {
  services: IPanelServices;
  executable: string;
  /** Newest first; two at least. */
  versions: readonly ExecutableVersion[];
}

/** What changed in the code from one version to another. */
export function Compare({ services, executable, versions }: ICompareProps): JSX.Element {
  const { yard, trans } = services;
  const [newest] = versions;
  const before = versions.find(({ code_digest }) => code_digest !== newest.code_digest);
  const [older, setOlder] = useState((before ?? versions[1]).number);
  const [newer, setNewer] = useState(newest.number);
  const [diff, setDiff] = useState<Diff>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    const control = new AbortController();
    setProblem(undefined);
    yard.client
      .call('executables.diff', {
        path: { executable },
        query: { old: older, new: newer },
        signal: control.signal
      })
      .then(setDiff)
      .catch((error: Error) => {
        if (!control.signal.aborted) {
          setProblem(error.message);
        }
      });
    return () => control.abort();
  }, [yard, executable, older, newer]);
  return (
    <section aria-label={trans.__('Compare versions')}>
      <VersionPair
        versions={versions}
        older={older}
        newer={newer}
        onOlder={setOlder}
        onNewer={setNewer}
        trans={trans}
      />
      {problem ? (
        <p className="nby-Note" role="alert">
          {problem}
        </p>
      ) : (
        diff && <Lines services={services} diff={diff} versions={versions} />
      )}
    </section>
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
          ? trans.__('The code is the same.')
          : trans.__('The code is the same; another file of its folder has changed.')}
      </p>
    );
  }
  const said = { added: trans.__('added'), removed: trans.__('removed'), same: '', place: '' };
  const count = (kind: DiffLine['kind']) => diff.lines.filter(line => line.kind === kind).length;
  return (
    <>
      <p className="nby-Note" role="status">
        {trans._n('%1 line added', '%1 lines added', count('added'))},{' '}
        {trans._n('%1 removed', '%1 removed', count('removed'))}
      </p>
      <div className="nby-Diff" tabIndex={0} role="region" aria-label={trans.__('Changes')}>
        {diff.lines.map(({ kind, text }, index) =>
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
      {diff.cut && <p className="nby-Note">{trans.__('There is more; it is not shown.')}</p>}
    </>
  );
}
