/** Messages in a view; those without a text are not drawn. */
import { ReactNode } from 'react';

interface IErrorProps {
  id?: string;
  className?: string;
  children?: ReactNode;
}

/** Why a field is refused, below it. */
export function FieldError({ id, children }: IErrorProps): JSX.Element | null {
  return children ? (
    <div id={id} className="nby-Field-error" role="alert">
      {children}
    </div>
  ) : null;
}

/** Why a form or an action was refused. */
export function Refusal({
  className = 'nby-Field-error',
  children
}: IErrorProps): JSX.Element | null {
  return children ? (
    <p className={className} role="alert">
      {children}
    </p>
  ) : null;
}

interface IWaitingProps {
  /** Why it cannot be shown. */
  problem?: string;
  className?: string;
  children?: ReactNode;
}

/** Shown in place of what loads: the text meanwhile, or the problem. */
export function Waiting({ problem, className = 'nby-Note', children }: IWaitingProps): JSX.Element {
  return (
    <p className={className} role={problem ? 'alert' : 'status'}>
      {problem || children}
    </p>
  );
}
