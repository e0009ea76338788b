import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { ISignal } from '@lumino/signaling';
import { ReactNode, useEffect, useId, useMemo, useRef, useState } from 'react';
import { Collection } from '../../api/collection';
import { CommandButton } from '../../components/Button';
import { Cut } from '../../components/RowList';
import { useSignal } from '../../components/hooks/useSignal';
import { IFileDrop } from './useFileDrop';
import { openSections } from '../frame/openSections';
import { Matches } from '../frame/Search';

/** What a section needs of a collection of any noun. */
type IItems = Pick<Collection<{ id: string }>, 'items' | 'more' | 'state' | 'start'> & {
  changed: ISignal<unknown, void>;
};

export interface ISectionProps {
  /** The kind of its rows. */
  noun: string;
  title: string;
  /** Its items; without it they load when the section is opened. */
  collection?: IItems;
  /** The items load after it, so that they do not delay others. */
  after?: Promise<void>;
  /** The number of items that the collection does not know. */
  more?: number;
  /** The commands of the buttons in its head, without the prefix. */
  buttons?: readonly string[];
  /** It is open unless the user closes it or it is empty. */
  isOpen?: boolean;
  /** It has something to show besides the items, and cannot be closed. */
  isBusy?: boolean;
  /** Shown at the right instead of the number of items. */
  summary?: string;
  /** What files that are dropped on it become. */
  drop?: IFileDrop;
  commands: CommandRegistry;
  trans: TranslationBundle;
  children: ReactNode;
}

/** A section of the sidebar: one line while it is closed or empty; long lists show the first rows. */
export function Section(props: ISectionProps): JSX.Element {
  const { noun, title, collection, buttons = [], isBusy, drop, commands, trans } = props;
  const { after, more = 0 } = props;
  const body = useId();
  const cut = useMemo(
    () => ({
      rows: Math.max(3, Math.round(window.innerHeight / 100) - 4),
      more: (count: number) => trans.__('Show More (%1)', count),
      fewer: trans.__('Show Fewer')
    }),
    [trans]
  );
  useEffect(() => {
    const start = () => collection?.start();
    void (after ? after.then(start, start) : start());
  }, [after, collection]);
  const count = useSignal(collection?.changed, () => collection?.items.length ?? 0) + more;
  const isPart = useSignal(collection?.changed, () => collection?.more);
  const state = useSignal(collection?.changed, () => collection?.state);
  const chosen = useSignal(openSections.changed, () => openSections.get(noun));
  // open, it stays so when its last item goes or its list comes back: the focus may be in it
  const wasOpen = useRef(false);
  const isForced = isBusy || state === 'failed';
  const isOpen = isForced || (chosen ?? (wasOpen.current || (!!props.isOpen && count > 0)));
  wasOpen.current = isOpen;
  const [matches, setMatches] = useState<number>();
  const known = `${count}${isPart ? '+' : ''}`;
  const said = !count
    ? state === 'ready' && trans.__('none yet')
    : matches === undefined
      ? known
      : trans.__('%1 of %2', matches, known);
  const Caret = isOpen ? caretDownIcon : caretRightIcon;
  return (
    <section
      className={`nby-SideSection${drop?.over ? ' nby-mod-over' : ''}`}
      aria-label={title}
      data-noun={noun}
      {...drop?.handlers}
    >
      <div className="nby-SideSection-head">
        <h2>
          <button
            type="button"
            aria-expanded={isOpen}
            aria-controls={isOpen ? body : undefined}
            aria-disabled={isForced || undefined}
            title={
              isForced ? trans.__('Stays open while it shows an upload or an error') : undefined
            }
            onClick={isForced ? undefined : () => openSections.set(noun, !isOpen)}
          >
            <Caret.react tag="span" className="nby-Icon" />
            {title}
          </button>
        </h2>
        <span className="nby-SideSection-count">{props.summary || said}</span>
        {buttons.map(id => (
          <CommandButton key={id} commands={commands} id={`nbyard:${id}`} bare />
        ))}
      </div>
      {isOpen && (
        <div id={body}>
          <Matches.Provider value={setMatches}>
            <Cut.Provider value={cut}>{props.children}</Cut.Provider>
          </Matches.Provider>
        </div>
      )}
    </section>
  );
}
