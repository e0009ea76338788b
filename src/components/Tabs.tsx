import { KeyboardEvent, ReactNode, useId, useRef } from 'react';

export interface ITab {
  id: string;
  label: string;
  /** A short number or word beside the label. */
  mark?: string | number;
}

export interface ITabsProps {
  label: string;
  tabs: readonly ITab[];
  current: string;
  onChange: (id: string) => void;
  children: ReactNode;
}

/** Tabs as one tab stop; arrow keys choose. */
export function Tabs({ label, tabs, current, onChange, children }: ITabsProps): JSX.Element {
  const id = useId();
  const bar = useRef<HTMLDivElement>(null);
  const index = tabs.findIndex(tab => tab.id === current);
  const onKeyDown = (event: KeyboardEvent) => {
    const last = tabs.length - 1;
    const next = {
      ArrowRight: index === last ? 0 : index + 1,
      ArrowLeft: index <= 0 ? last : index - 1,
      Home: 0,
      End: last
    }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      onChange(tabs[next].id);
      (bar.current?.children[next] as HTMLElement | undefined)?.focus();
    }
  };
  return (
    <div className="nby-Tabs">
      <div
        ref={bar}
        className="nby-Tabs-bar"
        role="tablist"
        aria-label={label}
        onKeyDown={onKeyDown}
      >
        {tabs.map(tab => (
          <button
            key={tab.id}
            id={`${id}-${tab.id}`}
            type="button"
            role="tab"
            className="nby-Tabs-tab"
            aria-selected={tab.id === current}
            aria-controls={`${id}-body`}
            tabIndex={tab.id === current ? 0 : -1}
            onClick={() => onChange(tab.id)}
          >
            {tab.label}
            {tab.mark !== undefined && tab.mark !== '' && (
              <span className="nby-Mark">{tab.mark}</span>
            )}
          </button>
        ))}
      </div>
      <div
        id={`${id}-body`}
        className="nby-Tabs-body"
        role="tabpanel"
        tabIndex={0}
        aria-labelledby={`${id}-${current}`}
      >
        {children}
      </div>
    </div>
  );
}
