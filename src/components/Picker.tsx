import { KeyboardEvent, ReactNode, useEffect, useId, useMemo, useRef, useState } from 'react';
import { bestFirst, matching } from './format/matching';
import { useFound } from './hooks/useFound';

export interface IPickerItem {
  id: string;
  label: string;
  detail?: string;
  icon?: ReactNode;
  /** Items of a group come after those of lower groups; 0 by default. */
  group?: number;
}

export interface IPickerProps {
  title: string;
  items: readonly IPickerItem[];
  /** Finds further items for a text; their order among all is that of their group. */
  search?: (text: string) => Promise<readonly IPickerItem[]>;
  /** Shown if no item matches the text. */
  nothing: string;
  /** What to type, shown while the text is empty. */
  hint?: string;
  style?: React.CSSProperties;
  onDone: (item: IPickerItem | undefined) => void;
}

const SHOWN = 100;

/** A list to choose from: type to filter, arrows and Enter, or click; Escape cancels. */
export function Picker(props: IPickerProps): JSX.Element {
  const { title, items, search, nothing, hint, style, onDone } = props;
  const [text, setText] = useState('');
  const [active, setActive] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const id = useId();
  useEffect(() => input.current?.focus(), []);
  const answered = useFound(search, text);
  const matches = useMemo(() => {
    const ids = new Set(items.map(({ id }) => id));
    const all = [...items, ...answered.filter(({ id }) => !ids.has(id))];
    const fitting = matching(all, text, ({ label, detail }) => `${label} ${detail}`);
    const groupOf = ({ group = 0 }: IPickerItem) => group;
    return [...bestFirst(fitting, text, ({ label }) => label)]
      .sort((left, right) => groupOf(left) - groupOf(right))
      .slice(0, SHOWN);
  }, [items, answered, text]);
  const index = Math.min(active, matches.length - 1);
  useEffect(() => {
    list.current?.children[index]?.scrollIntoView?.({ block: 'nearest' });
  }, [index]);

  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      setActive((index + step + matches.length) % Math.max(1, matches.length));
    } else if (event.key === 'Enter' && (matches.length || !search)) {
      onDone(matches[index]); // without a match, the search may still find one
    } else if (event.key === 'Escape' || event.key === 'Tab') {
      onDone(undefined);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div
      className="nby-Picker"
      role="dialog"
      aria-label={title}
      style={style}
      onKeyDown={onKeyDown}
      onBlur={event => {
        if (!event.currentTarget.contains(event.relatedTarget)) {
          onDone(undefined);
        }
      }}
    >
      <label className="nby-Picker-title" htmlFor={`${id}-text`}>
        {title}
      </label>
      <input
        id={`${id}-text`}
        ref={input}
        className="jp-mod-styled"
        placeholder={hint}
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={matches.length ? `${id}-${index}` : undefined}
        autoComplete="off"
        value={text}
        onChange={event => {
          setText(event.target.value);
          setActive(0);
        }}
      />
      <ul id={`${id}-list`} ref={list} role="listbox" aria-label={title}>
        {matches.map((item, position) => (
          <li
            key={item.id}
            id={`${id}-${position}`}
            role="option"
            aria-selected={position === index}
            onMouseDown={event => event.preventDefault()}
            onMouseMove={() => setActive(position)}
            onClick={() => onDone(item)}
          >
            {item.icon}
            <span className="nby-Picker-label">{item.label}</span>
            {item.detail && <span className="nby-Picker-detail">{item.detail}</span>}
          </li>
        ))}
      </ul>
      {!matches.length && <div className="nby-Picker-nothing">{nothing}</div>}
    </div>
  );
}
