"""What a camera says of itself by ONVIF, for the person who enters it in the camera file. Nothing of the service's."""
