"""What may be done with a task as a whole. No torch, no cv2: the gateway stands on this."""
