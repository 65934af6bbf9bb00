// The look of both pages: face, tokens and the few rules that hold everywhere.
import '@fontsource/biz-udgothic/400.css'
import '@fontsource/biz-udgothic/700.css'
import './look.css'
