"""HTTP and WebSocket. A request becomes a row and an event in one commit. No torch, no cv2."""
