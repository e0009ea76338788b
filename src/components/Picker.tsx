import { KeyboardEvent, ReactNode, useEffect, useId, useMemo, useRef, useState } from 'react';

export interface IPickerItem {
  id: string;
  label: string;
  detail?: string;
  icon?: ReactNode;
}

export interface IPickerProps {
  title: string;
  items: readonly IPickerItem[];
  /** Shown if no item matches the text. */
  nothing: string;
  /** What to type, shown while the text is empty. */
  hint?: string;
  style?: React.CSSProperties;
  onDone: (item: IPickerItem | undefined) => void;
}

const SHOWN = 100;

/** A list to choose from: type to filter, arrows and Enter, or click; Escape cancels. */
export function Picker({ title, items, nothing, hint, style, onDone }: IPickerProps): JSX.Element {
  const [text, setText] = useState('');
  const [active, setActive] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const id = useId();
  useEffect(() => input.current?.focus(), []);
  const matches = useMemo(() => {
    const terms = text.toLowerCase().split(/\s+/).filter(Boolean);
    return items
      .filter(item =>
        terms.every(word => `${item.label} ${item.detail}`.toLowerCase().includes(word))
      )
      .slice(0, SHOWN);
  }, [items, text]);
  const index = Math.min(active, matches.length - 1);
  useEffect(() => {
    list.current?.children[index]?.scrollIntoView?.({ block: 'nearest' });
  }, [index]);

  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      setActive((index + step + matches.length) % Math.max(1, matches.length));
    } else if (event.key === 'Enter') {
      onDone(matches[index]);
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
