import { RefObject, useEffect, useRef } from 'react';
import { useCanvas } from '../model/hooks';
import { endEditing } from './comments';

/** Focus the field of an open card, and end the editing when the field leaves the view. */
export function useOpenField<Field extends HTMLElement>(id: string): RefObject<Field> {
  const canvas = useCanvas();
  const field = useRef<Field>(null);
  useEffect(() => {
    // React Flow hides a new card until it is measured
    let tries = 30;
    const focus = () => {
      field.current?.focus({ preventScroll: true });
      if (field.current && field.current !== document.activeElement && tries-- > 0) {
        requestAnimationFrame(focus);
      }
    };
    focus();
    return () => endEditing(canvas, id);
  }, [canvas, id]);
  return field;
}
