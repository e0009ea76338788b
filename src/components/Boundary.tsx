import { TranslationBundle } from '@jupyterlab/translation';
import { Component, ReactNode } from 'react';
import { Button } from './Button';

interface IBoundaryProps {
  trans: TranslationBundle;
  children: ReactNode;
}

/** Shows a message for a part that cannot be drawn; everything around it stays. */
export class Boundary extends Component<IBoundaryProps, { problem?: string }> {
  static getDerivedStateFromError(error: unknown): { problem: string } {
    return { problem: String(error) };
  }

  override state: { problem?: string } = {};

  override render(): ReactNode {
    const { trans, children } = this.props;
    const { problem } = this.state;
    if (problem === undefined) {
      return children;
    }
    return (
      <p className="nby-Note" role="alert">
        {trans.__('Failed to show this view: %1', problem)}{' '}
        <Button onClick={() => this.setState({ problem: undefined })}>
          {trans.__('Try Again')}
        </Button>
      </p>
    );
  }
}
