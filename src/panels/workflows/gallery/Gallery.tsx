import { TranslationBundle } from '@jupyterlab/translation';
import { ExampleTemplate } from '../../../api/types';
import { WorkflowDrawing } from '../history/WorkflowDrawing';

interface IGalleryProps {
  templates: readonly ExampleTemplate[];
  /** What all templates need. */
  packages: readonly string[];
  trans: TranslationBundle;
  onChosen: (name: ExampleTemplate['name']) => void;
}

/** A card for each template; a click chooses it. */
export function Gallery({ templates, packages, trans, onChosen }: IGalleryProps): JSX.Element {
  return (
    <>
      <div className="nby-Gallery">
        {templates.map(({ name, document }) => {
          const { title = '', description = '' } = document.meta ?? {};
          const count = Object.keys(document.nodes ?? {}).length;
          return (
            <button key={name} type="button" onClick={() => onChosen(name)}>
              <WorkflowDrawing
                compared={{ old: document, new: document, changes: [] }}
                label={trans._n('%1 node', '%1 nodes', count)}
              />
              <strong>{title}</strong>
              <span>{description}</span>
            </button>
          );
        })}
      </div>
      <p className="nby-Note">
        {trans.__(
          'Each template runs in less than a minute. It needs the packages %1.',
          packages.join(', ')
        )}
      </p>
    </>
  );
}
