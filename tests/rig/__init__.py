"""What the tests of the systemd layer stand on: throwaway machines with a real PID 1, and the stand-in beside them."""
