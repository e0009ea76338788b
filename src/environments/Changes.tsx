import { TranslationBundle } from '@jupyterlab/translation';
import { PackageChange } from '../api/types';
import { kindOf, summary } from './texts';

const SIGNS = { added: '+', changed: '~', removed: '−' };

interface IChangesProps {
  changes: readonly PackageChange[];
  /** Shown if there are no changes. */
  none: string;
  label: string;
  trans: TranslationBundle;
}

/** Differing packages: + added, ~ changed, − removed. */
export function Changes({ changes, none, label, trans }: IChangesProps): JSX.Element {
  const said = {
    added: trans.__('added'),
    changed: trans.__('changed'),
    removed: trans.__('removed')
  };
  return (
    <>
      <p className="nby-Note" role="status">
        {summary(changes, trans) || none}
      </p>
      {!!changes.length && (
        <div className="nby-Diff" tabIndex={0} role="region" aria-label={label}>
          {changes.map(change => {
            const { name, old, new: now } = change;
            const kind = kindOf(change);
            return (
              <div key={name} className={`nby-Diff-line nby-mod-${kind}`}>
                <span className="nby-Diff-sign" aria-hidden="true">
                  {SIGNS[kind]}
                </span>
                <span className="nby-Sr">{said[kind]}: </span>
                <span className="nby-Diff-name">{name}</span>
                <span>{[old, now].filter(Boolean).join(' → ')}</span>
              </div>
            );
          })}
        </div>
      )}
    </>
  );
}
