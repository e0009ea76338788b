import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import { stateText } from '../../components/StateMark';
import { STATE_ICONS } from '../../icons/items';
import { focusNode } from '../model/focus';
import { useCanvas, useUi } from '../model/hooks';
import { endEditing } from '../arrange/comments';
import { useOpenField } from '../arrange/openField';
import { IGroupView } from './groupView';
import { writeTitle } from './grouping';

/** The chevron that folds a group, its name, and its state. */
export function GroupHead({ id, view }: { id: string; view: IGroupView }): JSX.Element {
  const { commands, readOnly, store, trans } = useCanvas();
  const isFolded = store.tree.isFolded(id);
  const isOpen = useUi().editing?.id === id;
  const Caret = isFolded ? caretRightIcon : caretDownIcon;
  const Icon = view.state && STATE_ICONS[view.state];
  const label = isFolded ? trans.__('Unfold Group') : trans.__('Fold Group');
  return (
    <>
      <button
        type="button"
        className="nby-Group-fold nodrag nopan"
        tabIndex={-1}
        disabled={readOnly}
        title={label}
        aria-label={label}
        aria-expanded={!isFolded}
        onDoubleClick={event => event.stopPropagation()}
        onClick={event => {
          event.stopPropagation();
          store.select([id]);
          void commands.execute('nbyard:fold-group');
        }}
      >
        <Caret.react tag="span" className="nby-Icon" />
      </button>
      {isOpen ? (
        <Title id={id} title={view.title} />
      ) : (
        <span className="nby-Node-title" title={view.title}>
          {view.title}
        </span>
      )}
      {Icon && (
        <span
          className={`nby-Node-run nby-mod-${view.state}`}
          title={[stateText(view.state!, trans), view.progress].filter(Boolean).join(' · ')}
        >
          <Icon.react tag="span" className="nby-Icon" />
          <span className="nby-Sr">{stateText(view.state!, trans)}</span>
        </span>
      )}
    </>
  );
}

function Title({ id, title }: { id: string; title: string }): JSX.Element {
  const canvas = useCanvas();
  const field = useOpenField<HTMLInputElement>(id);
  return (
    <input
      ref={field}
      className="nby-Group-name nodrag nopan"
      data-lm-suppress-shortcuts="true"
      aria-label={canvas.trans.__('Name of the group')}
      defaultValue={title}
      onFocus={event => event.target.select()}
      onDoubleClick={event => event.stopPropagation()}
      onBlur={event => writeTitle(canvas, id, event.target.value)}
      onKeyDown={event => {
        if (event.key === 'Escape' || event.key === 'Enter') {
          event.preventDefault();
          if (event.key === 'Enter') {
            writeTitle(canvas, id, event.currentTarget.value);
          } else {
            endEditing(canvas, id);
          }
          focusNode(canvas, id);
        }
      }}
    />
  );
}
