// Whether the window is as wide as a style sheet's condition says.
import { useEffect, useState } from "preact/hooks";

export function useMedia(condition: string): boolean {
  const [holds, setHolds] = useState(() => matchMedia(condition).matches);
  useEffect(() => {
    const list = matchMedia(condition);
    const follow = () => setHolds(list.matches);
    list.addEventListener("change", follow);
    return () => list.removeEventListener("change", follow);
  }, [condition]);
  return holds;
}
