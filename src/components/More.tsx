import { ReactNode, useEffect, useState } from 'react';

interface IMoreProps {
  summary: string;
  /** Opens it, also later; only the user closes it. */
  open?: boolean;
  children: ReactNode;
}

/** What is rare in a form, closed at first. */
export function More({ summary, open = false, children }: IMoreProps): JSX.Element {
  const [isOpen, setOpen] = useState(open);
  useEffect(() => {
    if (open) {
      setOpen(true);
    }
  }, [open]);
  return (
    <details
      className="nby-More"
      open={isOpen}
      onToggle={({ currentTarget: details }) => {
        if (details.open && !isOpen) {
          details.scrollIntoView?.({ block: 'start' }); // opened by the user
        }
        setOpen(details.open);
      }}
    >
      <summary>{summary}</summary>
      {children}
    </details>
  );
}
