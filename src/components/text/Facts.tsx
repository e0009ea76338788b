import { ReactNode } from 'react';

interface IFactProps {
  name: string;
  title?: string;
  className?: string;
  /** It has a line of its own. */
  isWide?: boolean;
  children?: ReactNode;
}

/** A fact in a list of class `nby-Facts`; nothing without a value. */
export function Fact(props: IFactProps): JSX.Element | null {
  const { name, title, className, isWide, children } = props;
  return children ? (
    <div className={isWide ? 'nby-Facts-wide' : undefined}>
      <dt>{name}</dt>
      <dd className={className} title={title}>
        {children}
      </dd>
    </div>
  ) : null;
}

interface IFactsProps {
  /** Names and values; a fact without a value is left out. */
  facts: readonly (readonly [string, ReactNode])[];
  /** The class of each value. */
  className?: string;
}

/** Facts beside each other. */
export function Facts({ facts, className }: IFactsProps): JSX.Element | null {
  return !facts.some(([, value]) => value) ? null : (
    <dl className="nby-Facts">
      {facts.map(([name, value], place) => (
        <Fact key={place} name={name} className={className}>
          {value}
        </Fact>
      ))}
    </dl>
  );
}
