# Loaded after every picture: gnuplot's SVG takes a bold font's name for a family's.
set output
if (!png) { system("sed -i 's/font-family=\"sans-serif:Bold\"/font-family=\"sans-serif\" font-weight=\"bold\"/' '".out."'") }
