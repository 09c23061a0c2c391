"""Speed, measured as ratios against a peer that runs side by side in the same go. Never asserted in a test: machines are shared and noisy."""
