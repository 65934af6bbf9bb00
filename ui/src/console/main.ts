import { mount } from 'svelte'
import '../look/look'
import { look, show } from '../look/look.svelte'
import { language, speak } from '../words/words.svelte'
import Console from './Console.svelte'

speak(language())
show(look())
mount(Console, { target: document.getElementById('page')! })
